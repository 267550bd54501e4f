// A person at a browser: opens an address and does what the pages want, until the sign-in is over.
//
//   node browser.mjs yes|no ADDRESS [CODE]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [, , answer, address, code] = process.argv;
const profile = mkdtempSync(join(tmpdir(), 'kusto-interop-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
try {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(address);
  if (code) {
    await page.fill('input[name=user_code]', code);
    await page.click('button[type=submit]');
    // The provider asks whether this is the device that shows the code.
    await page.click('button[autofocus], button[type=submit]');
  }
  await page.fill('input[name=login]', 'someone@contoso.com');
  await page.click(`#${answer}`);
  await page.waitForLoadState('load');
  console.log(await page.title());
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
