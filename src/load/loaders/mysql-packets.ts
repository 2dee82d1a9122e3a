/**
 * The same bytes in pieces that the server takes: of LOAD DATA LOCAL each becomes one packet, and a packet of more than `max_allowed_packet`
 * ends the connection (dev.mysql.com/doc/refman/8.4/en/packet-too-large.html).
 */
export async function* inPackets(pieces: AsyncIterable<Uint8Array>, packetBytes: number): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += packetBytes) yield piece.subarray(at, at + packetBytes);
  }
}
