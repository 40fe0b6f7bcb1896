curl --location --globoff --request DELETE '{{apiPath}}/environments/{{envID}}/users/{{userID}}/sessions/{{sessionID}}' \
--header 'Authorization: Bearer {{accessToken}}'
