// SPDX-License-Identifier: Apache-2.0
#include "agent/openapi.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "contract/schema_validate.h"
#include "net/test_http_server.h"

namespace cadre::agent {
namespace {

using base::Json;
using net::http_answer;
using net::TestHttpServer;

const char* const kShop = R"(openapi: 3.0.3
info: {title: Shop, version: "1"}
servers:
  - url: https://{region}.shop.example/v1/
    variables: {region: {default: eu}}
paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
    get:
      operationId: getOrder
      summary: One order.
      description: With all its lines.
      parameters:
        - {name: fields, in: query, description: which to show, schema: {type: array, items: {type: string}}}
        - {name: X-Region, in: header, schema: {type: string}}
        - {name: filter, in: query, style: deepObject, schema: {type: object}}
        - {name: session, in: cookie, schema: {type: string}}
        - {name: Authorization, in: header, required: true, schema: {type: string}}
      responses:
        "200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
        "404": {description: none}
    put:
      operationId: putOrder
      requestBody:
        required: true
        content: {"application/json; charset=utf-8": {schema: {$ref: "#/components/schemas/Order"}}}
      responses: {"204": {description: done}}
    delete:
      operationId: dropOrder
      responses: {2XX: {description: done}}
  /orders:
    post:
      operationId: addOrder
      requestBody: {$ref: "#/components/requestBodies/Order"}
      responses:
        "201": {description: made, content: {application/json: {schema: {type: object, nullable: true}}}}
        "202": {description: later}
components:
  requestBodies:
    Order: {content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
  schemas:
    Order:
      type: object
      required: [id, total, secret]
      additionalProperties: false
      properties:
        id: {type: integer, readOnly: true}
        total: {type: number, minimum: 0, exclusiveMinimum: true, example: 7}
        secret: {type: string, writeOnly: true}
        note: {type: string, nullable: true}
        parent: {$ref: "#/components/schemas/Order", nullable: true}
)";

OpenApiOptions options(const std::vector<std::string>& ids, std::string server = "") {
  OpenApiOptions made{.file = "shop.yaml", .server = std::move(server)};
  for (const std::string& id : ids) made.operations.push_back({.id = id});
  return made;
}

OpenApiTool one(std::string_view text, const std::string& id) {
  return read_openapi(text, options({id})).value().at(0);
}

bool is_valid(const Json& schema, const Json& value) {
  const auto read = contract::read_schema(base::dump_json(schema)).value();
  const auto document = contract::parse_document(base::dump_json(value)).value();
  return contract::validate_document(read, document).value().valid;
}

TEST(OpenApi, AnOperationBecomesAnHttpTool) {
  const OpenApiTool tool = one(kShop, "getOrder");
  EXPECT_EQ(tool.http.method, "GET");
  EXPECT_EQ(tool.http.url, "https://eu.shop.example/v1/orders/{id}");
  EXPECT_EQ(tool.http.query, (std::vector<std::string>{"fields"}));
  EXPECT_EQ(tool.http.header_arguments.at(0).first, "X-Region");
  EXPECT_EQ(tool.http.header_arguments.size(), 1u) << "Authorization is not the model's to give";
  EXPECT_EQ(tool.http.expect, (std::vector<int>{200}));
  const ToolDefinition& definition = tool.http.definition;
  EXPECT_EQ(definition.name, "getOrder");
  EXPECT_EQ(definition.description, "One order.\n\nWith all its lines.");
  EXPECT_EQ(definition.effect, ToolEffect::kRead);
  EXPECT_EQ(definition.input_schema["required"].dump(), R"(["id"])");
  EXPECT_EQ(definition.input_schema["properties"]["fields"]["description"], "which to show");
  EXPECT_TRUE(is_valid(definition.input_schema, {{"id", 7}, {"fields", {"a"}}}));
  EXPECT_FALSE(is_valid(definition.input_schema, {{"id", "7"}}));
  EXPECT_FALSE(is_valid(definition.input_schema, {{"id", 7}, {"session", "x"}}));
  ASSERT_EQ(tool.left_out.size(), 2u);
  EXPECT_NE(tool.left_out[0].find("/paths/~1orders~1{id}/get/parameters/2: the style deepObject"), std::string::npos)
      << tool.left_out[0];
}

TEST(OpenApi, EffectsFollowTheMethodUnlessDeclared) {
  auto wanted = options({"getOrder", "putOrder", "dropOrder", "addOrder"});
  auto tools = read_openapi(kShop, wanted).value();
  const auto effect = [&](size_t i) { return tools[i].http.definition.effect; };
  EXPECT_EQ(effect(0), ToolEffect::kRead);
  EXPECT_EQ(effect(1), ToolEffect::kIdempotent);
  EXPECT_EQ(effect(2), ToolEffect::kIdempotent);
  EXPECT_EQ(effect(3), ToolEffect::kOnce);
  EXPECT_TRUE(tools[2].http.expect.empty());
  wanted.operations = {{.id = "addOrder", .name = "add", .effect = ToolEffect::kIdempotent, .is_fenced = true}};
  tools = read_openapi(kShop, wanted).value();
  EXPECT_EQ(effect(0), ToolEffect::kIdempotent);
  EXPECT_TRUE(tools[0].http.definition.is_fenced);
  EXPECT_EQ(tools[0].http.definition.name, "add");
  wanted.operations = {{.id = "getOrder", .is_fenced = true}};
  EXPECT_FALSE(read_openapi(kShop, wanted).ok());
}

TEST(OpenApi, SchemasStandOnTheirOwn) {
  const Json request = one(kShop, "putOrder").http.definition.input_schema;
  EXPECT_TRUE(is_valid(request, {{"id", 1}, {"body", {{"total", 1}, {"secret", "s"}, {"note", nullptr}}}}));
  EXPECT_TRUE(is_valid(
      request, {{"id", 1}, {"body", {{"total", 1}, {"secret", "s"}, {"parent", {{"total", 2}, {"secret", ""}}}}}}));
  EXPECT_FALSE(is_valid(request, {{"id", 1}, {"body", {{"total", 0}, {"secret", "s"}}}})) << "exclusive in 3.0's way";
  EXPECT_FALSE(is_valid(request, {{"id", 1}, {"body", {{"total", 1}, {"secret", "s"}, {"id", 2}}}})) << "read-only";
  EXPECT_FALSE(is_valid(request, {{"id", 1}, {"body", {{"total", 1}, {"secret", "s"}, {"parent", nullptr}}}}))
      << "nothing stands beside a reference in 3.0";
  EXPECT_FALSE(is_valid(request, {{"id", 1}}));
  EXPECT_EQ(base::dump_json(request).find("example"), std::string::npos);
  const Json response = one(kShop, "getOrder").http.definition.output_schema;
  EXPECT_TRUE(is_valid(response, {{"id", 1}, {"total", 1}}));
  EXPECT_FALSE(is_valid(response, {{"id", 1}, {"total", 1}, {"secret", "s"}})) << "write-only";
  const Json either = one(kShop, "addOrder").http.definition.output_schema;
  for (const Json& good : {Json::object(), Json()}) EXPECT_TRUE(is_valid(either, good));
  EXPECT_FALSE(is_valid(either, 1));
  EXPECT_EQ(one(kShop, "putOrder").http.definition.output_schema.dump(), R"({"type":"null"})");
}

TEST(OpenApi, CallsGoThroughTheHttpTool) {
  TestHttpServer server(http_answer(200, R"({"id":7,"total":1})", "Content-Type: application/json\r\n"));
  const auto folder = base::TemporaryDirectory::make().value();
  ASSERT_TRUE(base::replace_file(folder.path() + "/shop.yaml", kShop).ok());
  const Json object = {{"name", "shop"},
                       {"kind", "openapi"},
                       {"file", folder.path() + "/shop.yaml"},
                       {"server", server.url("/base/")},
                       {"headers", {{"X-Client", "cadre"}}},
                       {"operations", {"getOrder", {{"id", "putOrder"}, {"name", "put"}, {"effect", "once"}}}}};
  const auto client = std::make_shared<net::HttpClient>(net::AddressPolicy::parse({"127.0.0.1"}).value());
  const auto tools = make_openapi_tools(openapi_options(object).value(), client).value();
  ASSERT_EQ(tools.size(), 2u);
  EXPECT_EQ(tools[1]->definition().effect, ToolEffect::kOnce);
  const ToolReturn read = tools[0]->call({.arguments = {{"id", 7}, {"fields", {"a", "b"}}, {"X-Region", "eu"}}});
  ASSERT_FALSE(read.error) << read.error->message;
  EXPECT_EQ(read.result["total"], 1);
  EXPECT_EQ(server.requests()[0].line(), "GET /base/orders/7?fields=a&fields=b HTTP/1.1");
  EXPECT_EQ(server.requests()[0].header("X-Region"), "eu");
  EXPECT_EQ(server.requests()[0].header("X-Client"), "cadre");
  const ToolReturn wrote = tools[1]->call({.arguments = {{"id", 7}, {"body", {{"total", 2}}}}});
  EXPECT_TRUE(wrote.error) << "200 is not the 204 that was announced";
  EXPECT_EQ(server.requests()[1].body, R"({"total":2})");
}

// A JSON document of one operation "op" at /x/{p}, with what the test is about.
Json document(Json operation, Json more = Json::object()) {
  operation["operationId"] = "op";
  Json made = {
      {"openapi", "3.1.0"}, {"servers", {{{"url", "https://h.example"}}}}, {"paths", {{"/x", {{"post", operation}}}}}};
  made.update(more);
  return made;
}

Json parameter(const char* name, const char* where, Json more = {{"schema", {{"type", "string"}}}}) {
  Json made = {{"name", name}, {"in", where}};
  made.update(more);
  return made;
}

Json with_body(const Json& schema) {
  return {{"requestBody", {{"content", {{"application/json", {{"schema", schema}}}}}}}};
}

TEST(OpenApi, OneNameInTwoPlacesMakesTwoArguments) {
  Json made = document({{"parameters",
                         {parameter("a", "path", {{"required", true}, {"schema", true}}), parameter("a", "query"),
                          parameter("a", "header"), parameter("body", "query")}},
                        {"requestBody", {{"content", {{"application/json", Json::object()}}}}}});
  made["paths"] = {{"/x/{a}", made["paths"]["/x"]}};
  const HttpToolOptions http = one(base::dump_json(made), "op").http;
  EXPECT_EQ(http.url, "https://h.example/x/{path_a}");
  EXPECT_EQ(http.query, (std::vector<std::string>{"a", "body"}));
  EXPECT_EQ(http.header_arguments.at(0).second, "header_a");
  EXPECT_EQ(http.body_argument, "request_body");
}

TEST(OpenApi, AParameterOfTheOperationReplacesThatOfThePath) {
  Json made = document({{"parameters", {parameter("q", "query", {{"schema", {{"type", "integer"}}}})}}});
  made["paths"]["/x"]["parameters"] = {parameter("q", "query"), parameter("r", "query")};
  const HttpToolOptions http = one(base::dump_json(made), "op").http;
  EXPECT_EQ(http.query.size(), 2u);
  EXPECT_EQ(http.definition.input_schema["properties"]["q"]["type"], "integer");
}

TEST(OpenApi, ForeignKeywordsDoNotBecomeOurs) {
  const Json made = document(with_body({{"type", "string"}, {"x-grounded", true}, {"x-enum-from", "secrets"}}));
  EXPECT_EQ(one(base::dump_json(made), "op").http.definition.input_schema["properties"]["body"].dump(),
            R"({"type":"string"})");
}

TEST(OpenApi, WhatIsNotUnderstoodIsRefusedByItsPlace) {
  const Json required = {{"required", true}, {"schema", {{"type", "object"}}}};
  const auto with_parameter = [](Json each) { return document({{"parameters", Json::array({std::move(each)})}}); };
  Json deep = {{"type", "string"}};
  for (int i = 0; i < 70; ++i) deep = {{"not", deep}};
  Json elsewhere = document({});
  elsewhere["paths"]["/x"]["$ref"] = "#/components/pathItems/X";
  Json place = document({});
  place["paths"] = {{"/x/{p}", place["paths"]["/x"]}};
  Json twice = document({});
  twice["paths"]["/x"]["put"] = {{"operationId", "op"}};
  const struct {
    Json made;
    ErrorCode code;
    const char* place;
  } cases[] = {
      {document({}, {{"openapi", "3.2.0"}}), ErrorCode::kUnsupported, "\"openapi\" is \"3.2.0\""},
      {document({}, {{"swagger", "2.0"}, {"openapi", 3}}), ErrorCode::kUnsupported, "\"openapi\" is \"\""},
      {document({}, {{"jsonSchemaDialect", "http://x"}}), ErrorCode::kUnsupported, "/jsonSchemaDialect"},
      {document({}, {{"servers", Json::array()}}), ErrorCode::kInvalid, "no server is named"},
      {document({}, {{"servers", {{{"url", "/v1"}}}}}), ErrorCode::kInvalid, "/servers/0: \"/v1\" is no whole address"},
      {document({}, {{"servers", {{{"url", "https://a"}}, {{"url", "https://b"}}}}}), ErrorCode::kInvalid, "/servers"},
      {document({}, {{"servers", {{{"url", "https://{x}"}}}}}), ErrorCode::kInvalid, "variable without a default"},
      {with_parameter(parameter("c", "cookie", required)), ErrorCode::kUnsupported, "/parameters/0: a cookie"},
      {with_parameter(parameter("q", "query", required)), ErrorCode::kUnsupported, "its value is an object"},
      {with_parameter(parameter("q", "body")), ErrorCode::kInvalid, "\"in\" is not"},
      {with_parameter(parameter("", "query")), ErrorCode::kInvalid, "has no name"},
      {with_parameter(parameter("p", "path")), ErrorCode::kInvalid, "has no place {p}"},
      {with_parameter({{"$ref", "other.yaml#/x"}}), ErrorCode::kUnsupported, "/parameters/0/$ref: the reference"},
      {with_parameter({{"$ref", "#/components/none"}}), ErrorCode::kInvalid, "leads nowhere"},
      {with_parameter({{"$ref", "#/paths/~1x/post/parameters/0"}}), ErrorCode::kLimit, "lead on for more"},
      {with_parameter(1), ErrorCode::kInvalid, "an object was expected"},
      {place, ErrorCode::kInvalid, "no parameter fills the place {p}"},
      {elsewhere, ErrorCode::kUnsupported, "/paths/~1x/$ref"},
      {twice, ErrorCode::kInvalid, "a second operation \"op\""},
      {document({{"requestBody", {{"required", true}, {"content", {{"text/xml", Json::object()}}}}}}),
       ErrorCode::kUnsupported, "/requestBody: a body that is not application/json"},
      {document(with_body({{"$ref", "http://evil.example/s"}})), ErrorCode::kUnsupported, "schema/$ref"},
      {document(with_body({{"$id", "x"}})), ErrorCode::kUnsupported, "schema/$id"},
      {document(with_body({{"$dynamicRef", "#a"}})), ErrorCode::kUnsupported, "schema/$dynamicRef"},
      {document(with_body({{"$schema", "http://json-schema.org/draft-07/schema"}})), ErrorCode::kUnsupported,
       "schema/$schema"},
      {document(with_body({{"type", "text"}})), ErrorCode::kInvalid, "the input schema"},
      {document(with_body({{"properties", 1}})), ErrorCode::kInvalid, "is not a map of schemas"},
      {document(with_body(deep)), ErrorCode::kLimit, "deeper than"},
  };
  for (const auto& each : cases) {
    const auto read = read_openapi(base::dump_json(each.made), options({"op"}));
    ASSERT_FALSE(read.ok()) << each.place;
    EXPECT_EQ(read.error().code, each.code) << read.error().message;
    EXPECT_NE(read.error().message.find(each.place), std::string::npos) << read.error().message;
  }
}

TEST(OpenApi, ReferencesThatBranchHaveALimit) {
  // Each schema refers to two new places below itself: as pointers, without end.
  Json schemas = Json::object();
  for (int i = 0; i < 600; ++i) schemas["S" + std::to_string(i)] = {{"type", "string"}};
  Json list = Json::array();
  for (int i = 0; i < 600; ++i) list.push_back({{"$ref", "#/components/schemas/S" + std::to_string(i)}});
  const Json made = document(with_body({{"anyOf", list}}), {{"components", {{"schemas", schemas}}}});
  EXPECT_EQ(read_openapi(base::dump_json(made), options({"op"})).error().code, ErrorCode::kLimit);
}

TEST(OpenApi, SaysWhichOperationsThereAre) {
  const auto missing = read_openapi(kShop, options({"listOrders"}));
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("getOrder, putOrder, dropOrder, addOrder"), std::string::npos)
      << missing.error().message;
  EXPECT_EQ(openapi_operation_ids(kShop, "shop.yaml").value().size(), 4u);
  auto twice = options({"getOrder", "putOrder"});
  twice.operations[1].name = "getOrder";
  EXPECT_FALSE(read_openapi(kShop, twice).ok());
  for (const char* text : {"", "[]", "{", "a: [", "openapi: 3.1.0"})
    EXPECT_FALSE(read_openapi(text, options({"op"})).ok()) << text;
}

TEST(OpenApi, RefusesOptionsThatMeanNothing) {
  const Json good = {{"name", "shop"}, {"file", "f"}, {"operations", {"a"}}};
  EXPECT_TRUE(openapi_options(good).ok());
  for (const Json& change : {Json{{"operations", Json::array()}}, Json{{"operations", {1}}}, Json{{"file", 1}},
                             Json{{"operations", {{{"id", "a"}, {"effect", "never"}}}}},
                             Json{{"operations", {{{"id", "a"}, {"nam", "b"}}}}}, Json{{"servers", "x"}}}) {
    Json bad = good;
    bad.update(change);
    EXPECT_EQ(openapi_options(bad).error().code, ErrorCode::kInvalid) << bad.dump();
  }
}

}  // namespace
}  // namespace cadre::agent
