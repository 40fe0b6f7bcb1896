var request = require('request');
var options = {
  'method': 'POST',
  'url': '{{apiPath}}/environments/{{envID}}/sessions/{{sessionID}}',
  'headers': {
    'Content-Type': 'application/vnd.pingidentity.sso.session.logout',
    'Authorization': 'Bearer {{accessToken}}'
  }
};
request(options, function (error, response) {
  if (error) throw new Error(error);
  console.log(response.body);
});
