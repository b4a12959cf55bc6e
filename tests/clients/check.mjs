// One line per check; the exit status tells whether all passed. SPDX-License-Identifier: Apache-2.0
let failures = 0;

export async function check(name, body) {
  try {
    await body();
    console.log(`ok    ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${name}: ${error.message}`);
  }
}

export async function rejects(promise, expected) {
  let error;
  try {
    await promise;
  } catch (caught) {
    error = caught;
  }
  if (!error) throw new Error("it was not refused");
  for (const [key, value] of Object.entries(expected)) {
    if (error[key] !== value) throw new Error(`${key} is ${error[key]}, not ${value}: ${error.message}`);
  }
}

export function finish() {
  process.exit(failures === 0 ? 0 : 1);
}
