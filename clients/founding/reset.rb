require "uri"
require "net/http"

url = URI("{{apiPath}}/environments/{{envID}}/sessions/{{sessionID}}")

http = Net::HTTP.new(url.host, url.port);
request = Net::HTTP::Post.new(url)
request["Content-Type"] = "application/vnd.pingidentity.sso.session.logout"
request["Authorization"] = "Bearer {{accessToken}}"

response = http.request(request)
puts response.read_body
