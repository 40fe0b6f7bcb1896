import requests

url = "{{authPath}}/{{envID}}/as/signoff"

payload = {}
headers = {
  'Cookie': '{{sessionToken}}'
}

response = requests.request("GET", url, headers=headers, data=payload)

print(response.text)
