// A request to a web interface as a tool.
//
// The cadre file fixes method and address; arguments only fill places in them. "{name}" in the path or query of the URL becomes the argument's
// text, percent-encoded whole, so that it can neither add a path segment nor a query parameter; an empty one, "." and ".." are refused in a path.
// Secrets come from environment variables into headers and appear nowhere else.
//
// The result is the JSON of the response, its text as a string where the type is not JSON, null where it is empty. A status that was not expected is an
// error: 408, 425, 429, 502, 503 and 504 are transient (kUnavailable, with Retry-After); 401 and 403 kDenied; 404 and 410 kNotFound; else kInvalid.
// After 408, 500 and above but 501 and 503, and after a broken connection, what was asked may have happened. With `fenced` the call's key is sent
// as Idempotency-Key, and the server is trusted to know it again. Redirects are not followed. check() asks the policy, and the dry-run address if
// there is one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/tool.h"
#include "net/http_client.h"

namespace cadre::agent {

struct HttpToolOptions {
  ToolDefinition definition;
  std::string method = "GET";
  std::string url;                                           // http(s)://host[:port]/... with {argument} after the host
  std::vector<std::string> query;                            // arguments appended as name=value; lists once per item
  std::vector<std::string> body;                             // arguments sent as the members of a JSON object; or
  std::string body_argument;                                 // the argument that is the whole JSON body
  std::vector<std::pair<std::string, std::string>> headers;  // name, value
  std::vector<std::pair<std::string, std::string>> header_arguments;  // name, argument
  std::vector<std::pair<std::string, std::string>> header_variables;  // name, environment variable
  std::vector<int> expect;                                            // statuses; empty: any of 200 to 299
  std::string dry_run_url;  // takes the same request and changes nothing; empty: none
};

// Keys: those of read_definition, and the fields above by their names.
Result<HttpToolOptions> http_tool_options(const base::Json& object);

// The client may be shared by many tools; its policy decides. Error: a template that cannot be filled safely, a variable that is not set.
Result<std::unique_ptr<Tool>> make_http_tool(HttpToolOptions options, std::shared_ptr<const net::HttpClient> client);

}  // namespace cadre::agent
