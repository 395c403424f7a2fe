/*
 * npm leaves out an optional package that is not made for the Node that npm itself runs on, even where another Node, the one this
 * project brings along, is going to load it. Run by that one, npm installs what was left out.
 */
import { spawnSync } from 'node:child_process';

try {
  await import('rolldown');
} catch {
  const npm = [process.env.npm_execpath, 'install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  process.exitCode = spawnSync(process.execPath, npm, { stdio: 'inherit' }).status ?? 1;
}
