/**
 * One end of a TCP connection that sends much, receives as much, and looks at every octet: `serve ADDRESS` or
 * `connect ADDRESS`.
 */
const PORT = 5201;
const OCTETS = 16 * 1024 * 1024;
const CHUNK_OCTETS = 65_536;
/** No power of two, so that octets that are out of place show. */
const PERIOD = 65_521;

const pattern = Uint8Array.from({ length: PERIOD + CHUNK_OCTETS }, (_, at) => at % PERIOD * 31 >> 3);

async function open([command, hostname]: readonly string[]): Promise<Deno.TcpConn> {
  if (command === "serve") return await Deno.listen({ hostname, port: PORT }).accept();
  for (let attempt = 0;; attempt++) {
    try {
      return await Deno.connect({ hostname, port: PORT });
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function sendAll(connection: Deno.TcpConn): Promise<void> {
  for (let sent = 0; sent < OCTETS;) {
    const start = sent % PERIOD;
    sent += await connection.write(pattern.subarray(start, start + Math.min(CHUNK_OCTETS, OCTETS - sent)));
  }
  await connection.closeWrite();
}

async function receiveAll(connection: Deno.TcpConn): Promise<void> {
  const chunk = new Uint8Array(CHUNK_OCTETS);
  let received = 0;
  for (let octets; (octets = await connection.read(chunk)) !== null;) {
    for (let at = 0; at < octets; at++) {
      if (chunk[at] !== pattern[(received + at) % PERIOD]) throw new Error(`octet ${received + at} is wrong`);
    }
    received += octets;
  }
  if (received !== OCTETS) throw new Error(`${received} octets`);
}

const connection = await open(Deno.args);
await Promise.all([sendAll(connection), receiveAll(connection)]);
console.log("all is right");
Deno.exit();
