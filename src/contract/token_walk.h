// SPDX-License-Identifier: Apache-2.0
#pragma once
namespace cadre::contract { template <class M> TokenMask token_mask(const Vocabulary&, M&, typename M::State) { return {}; } }
