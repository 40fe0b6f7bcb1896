OkHttpClient client = new OkHttpClient().newBuilder()
  .build();
MediaType mediaType = MediaType.parse("text/plain");
RequestBody body = RequestBody.create(mediaType, "");
Request request = new Request.Builder()
  .url("{{authPath}}/{{envID}}/as/signoff")
  .method("GET", body)
  .addHeader("Cookie", "{{sessionToken}}")
  .build();
Response response = client.newCall(request).execute();
