// SPDX-License-Identifier: Apache-2.0
#include "serve/chat_request.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>

namespace cadre::serve {
namespace {

using Fault = std::optional<ApiError>;

Fault invalid(const std::string& param, const std::string& what) {
  return ApiError{400, fmt::format("{}: {}", param, what), "invalid_value", param};
}

Fault unsupported(const std::string& param,
                  const std::string& what = "cadre does not support this field; leave it out") {
  return ApiError{400, fmt::format("{}: {}", param, what), "unsupported_parameter", param};
}

// Every field of `object` is in `known`.
Fault check_fields(const base::Json& object, const std::set<std::string>& known, const std::string& at) {
  for (const auto& [name, value] : object.items()) {
    if (!known.contains(name)) return unsupported(at.empty() ? name : at + "." + name);
  }
  return std::nullopt;
}

bool is_text(const base::Json& object, const char* name) {
  return object.contains(name) && object[name].is_string();
}

bool is_tool_name(const std::string& name) {
  static const std::string kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return !name.empty() && name.size() <= 128 && name.find_first_not_of(kAllowed) == std::string::npos;
}

// Content as a string, or parts of text that are joined.
Fault read_content(const base::Json& content, const std::string& at, std::string& out) {
  if (content.is_string()) {
    out = content.get<std::string>();
    return std::nullopt;
  }
  if (!content.is_array() || content.empty()) return invalid(at, "it must be a string or an array of text parts");
  for (size_t i = 0; i < content.size(); ++i) {
    const auto part_at = fmt::format("{}[{}]", at, i);
    const auto& part = content[i];
    if (!part.is_object() || !is_text(part, "type")) return invalid(part_at, "it must be an object with a type");
    if (part["type"] != "text") return unsupported(part_at + ".type", "only parts of type text are supported");
    if (!is_text(part, "text")) return invalid(part_at + ".text", "it must be a string");
    if (auto fault = check_fields(part, {"type", "text"}, part_at)) return fault;
    out += part["text"].get<std::string>();
  }
  return std::nullopt;
}

Fault read_tool_calls(const base::Json& calls, const std::string& at, base::Json& out) {
  if (!calls.is_array() || calls.empty()) return invalid(at, "it must be an array with at least one call");
  out = base::Json::array();
  for (size_t i = 0; i < calls.size(); ++i) {
    const auto call_at = fmt::format("{}[{}]", at, i);
    const auto& call = calls[i];
    if (!call.is_object() || !is_text(call, "id")) return invalid(call_at + ".id", "it must be a string");
    if (!is_text(call, "type") || call["type"] != "function")
      return unsupported(call_at + ".type", "it must be \"function\"");
    if (!call.contains("function") || !call["function"].is_object() || !is_text(call["function"], "name") ||
        !is_text(call["function"], "arguments")) {
      return invalid(call_at + ".function", "it must have a name and arguments, both strings");
    }
    out.push_back({{"id", call["id"]},
                   {"type", "function"},
                   {"function", {{"name", call["function"]["name"]}, {"arguments", call["function"]["arguments"]}}}});
  }
  return std::nullopt;
}

Fault read_assistant(const base::Json& message, const std::string& at, base::Json& out) {
  if (auto fault = check_fields(message, {"role", "content", "name", "tool_calls", "refusal"}, at)) return fault;
  const bool has_calls = message.contains("tool_calls") && !message["tool_calls"].is_null();
  std::string content;
  if (message.contains("content") && !message["content"].is_null()) {
    if (auto fault = read_content(message["content"], at + ".content", content)) return fault;
    out["content"] = content;
  } else if (is_text(message, "refusal")) {
    out["content"] = message["refusal"];
  } else if (has_calls) {
    out["content"] = nullptr;
  } else {
    return invalid(at + ".content", "an assistant message has content or tool_calls");
  }
  if (!has_calls) return std::nullopt;
  return read_tool_calls(message["tool_calls"], at + ".tool_calls", out["tool_calls"]);
}

Fault read_message(const base::Json& message, const std::string& at, base::Json& out) {
  if (!message.is_object() || !is_text(message, "role")) return invalid(at + ".role", "it must be a string");
  const auto role = message["role"].get<std::string>();
  out = base::Json::object();
  out["role"] = role == "developer" ? "system" : role;
  if (message.contains("name") && !message["name"].is_string()) return invalid(at + ".name", "it must be a string");
  if (role == "assistant") return read_assistant(message, at, out);
  if (role != "system" && role != "developer" && role != "user" && role != "tool") {
    return invalid(at + ".role", "it must be system, developer, user, assistant or tool");
  }
  if (auto fault = check_fields(message, {"role", "content", "name", "tool_call_id"}, at)) return fault;
  if (role == "tool" && !is_text(message, "tool_call_id")) return invalid(at + ".tool_call_id", "it must be a string");
  if (role != "tool" && message.contains("tool_call_id"))
    return invalid(at + ".tool_call_id", "only tool messages have it");
  if (!message.contains("content")) return invalid(at + ".content", "it is missing");
  std::string content;
  if (auto fault = read_content(message["content"], at + ".content", content)) return fault;
  out["content"] = std::move(content);
  if (role == "tool") out["tool_call_id"] = message["tool_call_id"];
  return std::nullopt;
}

Fault read_messages(const base::Json& list, ChatRequest& out) {
  if (!list.is_array() || list.empty()) return invalid("messages", "it must be an array with at least one message");
  if (list.size() > kMessagesMax) return invalid("messages", fmt::format("more than {} messages", kMessagesMax));
  out.messages = base::Json::array();
  for (size_t i = 0; i < list.size(); ++i) {
    base::Json message;
    if (auto fault = read_message(list[i], fmt::format("messages[{}]", i), message)) return fault;
    out.messages.push_back(std::move(message));
  }
  return std::nullopt;
}

Fault read_tool(const base::Json& tool, const std::string& at, std::set<std::string>& names) {
  if (!tool.is_object() || !is_text(tool, "type")) return invalid(at + ".type", "it must be a string");
  if (tool["type"] != "function") return unsupported(at + ".type", "only tools of type function are supported");
  if (auto fault = check_fields(tool, {"type", "function"}, at)) return fault;
  if (!tool.contains("function") || !tool["function"].is_object())
    return invalid(at + ".function", "it must be an object");
  const auto& function = tool["function"];
  if (auto fault = check_fields(function, {"name", "description", "parameters", "strict"}, at + ".function"))
    return fault;
  if (!is_text(function, "name") || !is_tool_name(function["name"].get<std::string>())) {
    return invalid(at + ".function.name", "it must be 1 to 128 letters, digits, _, - or .");
  }
  if (!names.insert(function["name"].get<std::string>()).second)
    return invalid(at + ".function.name", "it is there twice");
  if (function.contains("parameters") && !function["parameters"].is_object()) {
    return invalid(at + ".function.parameters", "it must be a JSON Schema, an object");
  }
  if (function.contains("description") && !function["description"].is_string() && !function["description"].is_null()) {
    return invalid(at + ".function.description", "it must be a string");
  }
  // Calls always follow their schema: strict changes nothing.
  if (function.contains("strict") && !function["strict"].is_boolean() && !function["strict"].is_null()) {
    return invalid(at + ".function.strict", "it must be true or false");
  }
  return std::nullopt;
}

Fault read_tools(const base::Json& list, ChatRequest& out, std::set<std::string>& names) {
  if (!list.is_array() || list.empty()) return invalid("tools", "it must be an array with at least one tool");
  if (list.size() > kToolsMax) return invalid("tools", fmt::format("more than {} tools", kToolsMax));
  for (size_t i = 0; i < list.size(); ++i) {
    if (auto fault = read_tool(list[i], fmt::format("tools[{}]", i), names)) return fault;
  }
  out.tools = list;
  return std::nullopt;
}

Fault read_tool_choice(const base::Json& choice, const std::set<std::string>& names, ChatRequest& out) {
  if (choice.is_string()) {
    if (choice != "auto" && choice != "none" && choice != "required") {
      return invalid("tool_choice", "it must be auto, none, required, or name a function");
    }
    if (choice == "required" && names.empty()) return invalid("tool_choice", "required needs tools");
    out.tool_choice = choice;
    return std::nullopt;
  }
  if (!choice.is_object() || !is_text(choice, "type") || choice["type"] != "function") {
    return unsupported("tool_choice", "it must be auto, none, required, or name a function");
  }
  if (!choice.contains("function") || !choice["function"].is_object() || !is_text(choice["function"], "name")) {
    return invalid("tool_choice.function.name", "it must be a string");
  }
  if (!names.contains(choice["function"]["name"].get<std::string>())) {
    return invalid("tool_choice.function.name", "no tool has this name");
  }
  out.tool_choice = choice;
  return std::nullopt;
}

Fault read_response_format(const base::Json& format, ChatRequest& out) {
  if (!format.is_object() || !is_text(format, "type")) return invalid("response_format.type", "it must be a string");
  if (format["type"] == "text") return std::nullopt;
  if (format["type"] == "json_schema") {
    if (!format.contains("json_schema") || !format["json_schema"].is_object()) {
      return invalid("response_format.json_schema", "it must be an object");
    }
    const auto& schema = format["json_schema"];
    if (auto fault = check_fields(schema, {"name", "description", "schema", "strict"}, "response_format.json_schema")) {
      return fault;
    }
    if (!is_text(schema, "name")) return invalid("response_format.json_schema.name", "it must be a string");
    if (!schema.contains("schema") || !schema["schema"].is_object()) {
      return invalid("response_format.json_schema.schema", "it must be a JSON Schema, an object");
    }
  } else if (format["type"] != "json_object") {
    return unsupported("response_format.type", "it must be text, json_object or json_schema");
  }
  out.response_format = format;
  return std::nullopt;
}

Fault read_integer(const base::Json& value, const std::string& at, int64_t least, std::optional<int64_t>& out) {
  const bool is_too_large = value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  if (!value.is_number_integer() || is_too_large) return invalid(at, "it must be an integer");
  out = value.get<int64_t>();
  if (*out < least) return invalid(at, fmt::format("it must be at least {}", least));
  return std::nullopt;
}

Fault read_bool(const base::Json& value, const std::string& at, bool& out) {
  if (!value.is_boolean()) return invalid(at, "it must be true or false");
  out = value.get<bool>();
  return std::nullopt;
}

Fault read_stop(const base::Json& value, ChatRequest& out) {
  out.stop = value.is_string() ? base::Json::array({value}) : value;
  if (!out.stop.is_array() || out.stop.empty() || out.stop.size() > 4) {
    return invalid("stop", "it must be a string or one to four of them");
  }
  for (const auto& each : out.stop) {
    if (!each.is_string() || each.get_ref<const std::string&>().empty())
      return invalid("stop", "each must be a string with a byte");
  }
  return std::nullopt;
}

Fault read_tokens_max(const base::Json& value, const std::string& at, ChatRequest& out) {
  std::optional<int64_t> tokens;
  if (auto fault = read_integer(value, at, 1, tokens)) return fault;
  if (out.tokens_max && out.tokens_max != tokens) return invalid(at, "max_tokens and max_completion_tokens differ");
  out.tokens_max = tokens;
  return std::nullopt;
}

Fault read_stream_options(const base::Json& value, ChatRequest& out) {
  if (!out.is_stream) return invalid("stream_options", "it needs stream: true");
  if (!value.is_object()) return invalid("stream_options", "it must be an object");
  if (auto fault = check_fields(value, {"include_usage"}, "stream_options")) return fault;
  if (!value.contains("include_usage")) return std::nullopt;
  return read_bool(value["include_usage"], "stream_options.include_usage", out.has_usage_chunk);
}

using Reader = std::function<Fault(const base::Json&, ChatRequest&)>;

// Takes one value only: the one that asks for nothing.
Reader only(const std::string& name, base::Json value) {
  return [name, value = std::move(value)](const base::Json& given, ChatRequest&) -> Fault {
    if (given == value) return std::nullopt;
    return unsupported(name, fmt::format("only {} is supported", base::dump_json(value)));
  };
}

// The fields whose meaning does not hang on another field.
const std::map<std::string, Reader>& readers() {
  static const std::map<std::string, Reader> kReaders = {
      {"model",
       [](const base::Json& value, ChatRequest& out) -> Fault {
         if (!value.is_string() || value.get_ref<const std::string&>().empty())
           return invalid("model", "it must be a string");
         out.model = value.get<std::string>();
         return std::nullopt;
       }},
      {"messages", [](const base::Json& value, ChatRequest& out) { return read_messages(value, out); }},
      {"response_format", [](const base::Json& value, ChatRequest& out) { return read_response_format(value, out); }},
      {"seed",
       [](const base::Json& value, ChatRequest& out) { return read_integer(value, "seed", INT64_MIN, out.seed); }},
      {"max_tokens",
       [](const base::Json& value, ChatRequest& out) { return read_tokens_max(value, "max_tokens", out); }},
      {"max_completion_tokens",
       [](const base::Json& value, ChatRequest& out) { return read_tokens_max(value, "max_completion_tokens", out); }},
      {"temperature",
       [](const base::Json& value, ChatRequest& out) -> Fault {
         if (!value.is_number() || !(value.get<double>() >= 0) || value.get<double>() > 2) {
           return invalid("temperature", "it must be a number from 0 to 2");
         }
         out.temperature = value.get<double>();
         return std::nullopt;
       }},
      {"stop", [](const base::Json& value, ChatRequest& out) { return read_stop(value, out); }},
      {"stream", [](const base::Json& value, ChatRequest& out) { return read_bool(value, "stream", out.is_stream); }},
      {"parallel_tool_calls",
       [](const base::Json& value, ChatRequest& out) {
         return read_bool(value, "parallel_tool_calls", out.is_parallel);
       }},
      {"user",
       [](const base::Json& value, ChatRequest& out) -> Fault {
         if (!value.is_string() || value.get_ref<const std::string&>().size() > 256) {
           return invalid("user", "it must be a string of at most 256 bytes");
         }
         out.user = value.get<std::string>();
         return std::nullopt;
       }},
      {"n", only("n", 1)},
      {"top_p", only("top_p", 1)},
      {"presence_penalty", only("presence_penalty", 0)},
      {"frequency_penalty", only("frequency_penalty", 0)},
      {"logprobs", only("logprobs", false)},
      {"logit_bias", only("logit_bias", base::Json::object())},
      {"store", only("store", false)},
      {"modalities", only("modalities", base::Json::array({"text"}))},
  };
  return kReaders;
}

Fault read_fields(const base::Json& body, ChatRequest& out) {
  static const std::set<std::string> kLater = {"tools", "tool_choice", "stream_options"};
  for (const auto& [name, value] : body.items()) {
    if (kLater.contains(name)) continue;
    const auto reader = readers().find(name);
    if (reader == readers().end()) return unsupported(name);
    if (value.is_null() && name != "model" && name != "messages") continue;  // null: not given
    if (auto fault = reader->second(value, out)) return fault;
  }
  if (out.model.empty()) return invalid("model", "it is missing");
  if (out.messages.is_null()) return invalid("messages", "it is missing");
  std::set<std::string> names;
  auto is_given = [&](const char* name) { return body.contains(name) && !body[name].is_null(); };
  if (is_given("tools")) {
    if (auto fault = read_tools(body["tools"], out, names)) return fault;
  }
  if (is_given("tool_choice")) {
    if (auto fault = read_tool_choice(body["tool_choice"], names, out)) return fault;
  }
  if (is_given("stream_options")) return read_stream_options(body["stream_options"], out);
  return std::nullopt;
}

}  // namespace

base::Json ChatRequest::for_run() const {
  base::Json chat = {{"messages", messages}};
  if (!tools.is_null()) {
    chat["tools"] = tools;
    chat["tool_choice"] = tool_choice.is_null() ? base::Json("auto") : tool_choice;
    chat["parallel_tool_calls"] = is_parallel;
  }
  if (!response_format.is_null()) chat["response_format"] = response_format;
  if (seed) chat["seed"] = *seed;
  if (tokens_max) chat["max_tokens"] = *tokens_max;
  if (temperature) chat["temperature"] = *temperature;
  if (!stop.is_null()) chat["stop"] = stop;
  return chat;
}

std::string ChatRequest::last_user_text() const {
  const auto& last = messages.back();
  return last["role"] == "user" ? last["content"].get<std::string>() : "";
}

ChatRead read_chat_request(const base::Json& body) {
  ChatRead read;
  if (body.is_object()) {
    read.error = read_fields(body, read.request);
  } else {
    read.error = ApiError{400, "request body: it must be a JSON object", "invalid_json", ""};
  }
  return read;
}

}  // namespace cadre::serve
