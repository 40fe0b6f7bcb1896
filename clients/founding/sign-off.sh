curl --location --globoff '{{authPath}}/{{envID}}/as/signoff' \
--header 'Cookie: {{sessionToken}}'
