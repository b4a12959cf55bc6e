// Operations of a web interface that an OpenAPI document (3.0 or 3.1, JSON or YAML) describes, as HTTP tools.
//
// Only operations that are named become tools. Path, query and header parameters become arguments of their names; a JSON request body is the argument
// "body"; the output schema is that of the 2xx responses. Method -> effect: GET and HEAD read, PUT and DELETE idempotent, POST and PATCH once, unless it is
// said otherwise. A call is agent/http_tool.h's. Of a name that is used twice, the path's argument is "path_NAME", the header's "header_NAME".
//
// Refused with kUnsupported and the JSON pointer of what is not understood: references out of the document, bodies that are not JSON, required parameters that
// are in a cookie, objects, or of a style other than the usual one of their place. Optional ones of that kind are left out and named in `left_out`.
// Security schemes are not read: `headers` and `header_variables` say what is sent. The document is data: its descriptions reach people and models, and its
// server address is used only as far as the address policy allows.
// Limits: kOpenApiJsonBytesMax, YAML as text/yaml.h, schemas as agent/openapi_schema.h, kOpenApiParametersMax.
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/http_tool.h"
#include "agent/tool.h"

namespace cadre::agent {

inline constexpr size_t kOpenApiJsonBytesMax = size_t{16} << 20;
inline constexpr size_t kOpenApiParametersMax = 100;
inline constexpr size_t kOpenApiDescriptionBytesMax = 4'000;  // longer ones are cut

struct OpenApiOperation {
  std::string id;                    // operationId
  std::string name;                  // of the tool; empty: the id
  std::optional<ToolEffect> effect;  // nothing: by method
  bool is_fenced = false;
};

struct OpenApiOptions {
  std::string file;
  std::string
      server;  // http(s)://host[:port][/path] in front of the paths; empty: the document's, if it names exactly one
  std::vector<OpenApiOperation> operations;
  std::vector<std::pair<std::string, std::string>> headers;           // name, value; sent with each
  std::vector<std::pair<std::string, std::string>> header_variables;  // name, environment variable
};

struct OpenApiTool {
  HttpToolOptions http;
  std::vector<std::string> left_out;  // pointers of parameters that cannot be given, and why
};

// Keys: name (for messages), kind, file, server, operations (ids, or maps of id, name, effect, fenced), headers, header_variables.
Result<OpenApiOptions> openapi_options(const base::Json& object);

// Reads `text`; options.file only stands in messages.
Result<std::vector<OpenApiTool>> read_openapi(std::string_view text, const OpenApiOptions& options);
// Every operationId of a document, in its order.
Result<std::vector<std::string>> openapi_operation_ids(std::string_view text, const std::string& file);

// Reads options.file.
Result<std::vector<std::unique_ptr<Tool>>> make_openapi_tools(const OpenApiOptions& options,
                                                              std::shared_ptr<const net::HttpClient> client);

}  // namespace cadre::agent
