require "uri"
require "net/http"

url = URI("{{authPath}}/{{envID}}/as/signoff")

http = Net::HTTP.new(url.host, url.port);
request = Net::HTTP::Get.new(url)
request["Cookie"] = "{{sessionToken}}"

response = http.request(request)
puts response.read_body
