// A Python that has requests (Debian: python3-requests; ./dev installs it).
import { runProcess } from './temp.mjs';

let found;
export async function python() {
  if (found) return found;
  for (const candidate of [process.env.GUARITA_PYTHON, '/usr/bin/python3', 'python3'].filter(Boolean)) {
    try {
      const done = await runProcess(candidate, ['-c', 'import requests']);
      if (done.code === 0) return (found = candidate);
    } catch { /* not there */ }
  }
  throw new Error('no Python with requests: apt-get install python3-requests');
}
