curl --location --globoff --request POST '{{apiPath}}/environments/{{envID}}/sessions/{{sessionID}}' \
--header 'Content-Type: application/vnd.pingidentity.sso.session.logout' \
--header 'Authorization: Bearer {{accessToken}}'
