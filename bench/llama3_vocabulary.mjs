// The Llama 3 vocabulary as lines "base64 rank", for bench/token_mask.cc and `CADRE_VOCABULARY`:
//
//   npm pack llama3-tokenizer-js && tar xzf llama3-tokenizer-js-*.tgz
//   node bench/llama3_vocabulary.mjs package > llama3.tiktoken
//
// The package spells bytes as GPT-2 does: printable ones of Latin-1 for themselves, the others from U+0100 on. Special tokens have no
// bytes and are left out.
// SPDX-License-Identifier: Apache-2.0
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const bundle = resolve(process.argv[2] ?? 'package', 'bundle/llama3-tokenizer-with-baked-data.js');
const tokenizer = (await import(pathToFileURL(bundle))).default;

const byteOf = new Map();
for (let byte = 0, moved = 0x100; byte < 256; ++byte) {
  const stands = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  byteOf.set(stands ? byte : moved++, byte);
}

const lines = tokenizer.vocabById
  .map((spelled, rank) => ({ spelled, rank }))
  .filter(({ spelled }) => !/^<\|.*\|>$/.test(spelled))
  .map(({ spelled, rank }) => {
    const bytes = [...spelled].map((c) => byteOf.get(c.codePointAt(0)));
    return `${Buffer.from(bytes).toString('base64')} ${rank}\n`;
  });
process.stdout.write(lines.join(''));
