// OpenAI's /v1/models and /v1/chat/completions over runs.
//
// The model "cadre" is the dispatcher: the last user message is the request. Any other model is a specialist by its name; one that
// writes chat messages gets the whole chat. A declined run is an assistant message with a refusal; a failed or cancelled one is a 422,
// which OpenAI's clients do not repeat on their own (they would repeat 409, 429 and 5xx); one that waits for an approval is a 403 that
// names the run. Every reply names its run in X-Cadre-Run and in "cadre". Thread safety: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "net/http_inbound.h"
#include "serve/follow.h"

namespace cadre::serve {

net::Reply list_models(const Surroundings& around);
net::Reply show_model(const Surroundings& around, const std::string& name);
net::Handled complete_chat(const Surroundings& around, const net::InboundRequest& request, const std::string& asker);

}  // namespace cadre::serve
