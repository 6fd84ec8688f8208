/*
 * The device API's binary answers: GET /log and GET /telemetry. Little-endian, but for the one
 * length that Azure Sphere's clients read.
 *   log        banks of TATU_LOG_BANK_SIZE: u32 magic "TLOG", u16 version 1, u16 number of the
 *              bank, u16 bytes of entries, u16 entries, u32 CRC-32 of the entries, entries, zeros
 *   entry      u16 bytes of text, u8 level (0..7, the kernel's), u8 facility (0 kernel, 1
 *              services), u32 milliseconds since boot, text
 *   telemetry  "TR", u8 version 1, u16 big-endian bytes that follow, records
 *   record     u32 id, u16 enum tatu_record_kind, u16 bytes, bytes (docs/protocol/report.md)
 * Source: docs/protocol/log.md.
 */
#ifndef TATU_PROTO_DEVICE_LOG_H
#define TATU_PROTO_DEVICE_LOG_H

#define TATU_LOG_BANK_SIZE 4096u
#define TATU_LOG_MAGIC 0x474f4c54u /* "TLOG" */
#define TATU_LOG_VERSION 1u
#define TATU_LOG_HEADER_SIZE 16u
#define TATU_LOG_ENTRY_SIZE 8u /* before the text */
#define TATU_LOG_TEXT_MAX 1024u

#define TATU_TELEMETRY_HEADER_SIZE 5u
#define TATU_TELEMETRY_VERSION 1u
#define TATU_TELEMETRY_MAX 65535u     /* bytes of records */
#define TATU_TELEMETRY_RECORD_SIZE 8u /* before the bytes */

#endif
