import requests

url = "{{apiPath}}/environments/{{envID}}/sessions/{{sessionID}}"

payload = {}
headers = {
  'Content-Type': 'application/vnd.pingidentity.sso.session.logout',
  'Authorization': 'Bearer {{accessToken}}'
}

response = requests.request("POST", url, headers=headers, data=payload)

print(response.text)
