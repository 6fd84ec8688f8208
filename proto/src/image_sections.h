/* The sections of image metadata that reader and writer share. Source: docs/protocol/image.md §2.
 */
#ifndef TATU_PROTO_SRC_IMAGE_SECTIONS_H
#define TATU_PROTO_SRC_IMAGE_SECTIONS_H

#define SECTION_ID(a, b) ((uint16_t)((a) | ((b) << 8)))
#define SECTION_IDENTITY SECTION_ID('I', 'D')
#define SECTION_SIGNATURE SECTION_ID('S', 'G')
#define SECTION_DEBUG SECTION_ID('D', 'B')
#define SECTION_TEMPORARY SECTION_ID('T', 'P')
#define SECTION_NEEDS_ABI SECTION_ID('N', 'D')
#define SECTION_SECURITY_VERSION SECTION_ID('T', 'V')
#define SECTION_VERITY SECTION_ID('V', 'T')
#define SECTION_SECOND SECTION_ID('S', '2')

#define SECTION_HEAD_SIZE 4u
#define IDENTITY_SIZE 36u
#define SIGNATURE_SIZE 24u
#define DEBUG_SIZE 40u
#define TEMPORARY_SIZE 4u
#define ABI_COUNT_SIZE 4u
#define ABI_ENTRY_SIZE 8u                                /* u32 version, u32 type */
#define NEEDS_ABI_SIZE (ABI_COUNT_SIZE + ABI_ENTRY_SIZE) /* as we write it: one entry */
#define SECURITY_VERSION_SIZE 8u
#define VERITY_SIZE 40u
#define SECOND_SIZE (4u + TATU_IMAGE_SECOND_SIZE) /* u16 algorithm, u16 0, signature */

#define METADATA_HEAD_SIZE 8u /* magic and section count */
#define LENGTH_SIZE 4u
/* the least that can hold identity and signature */
#define METADATA_MIN                                                                               \
    (METADATA_HEAD_SIZE + SECTION_HEAD_SIZE + IDENTITY_SIZE + SECTION_HEAD_SIZE + SIGNATURE_SIZE + \
     LENGTH_SIZE)

#define SIGNATURE_TYPE_P256 1u
#define SECOND_ALGORITHM_LMS 1u
#define TEMPORARY_MAX 2u
#define ABI_VERSION 12u
#define ABI_TYPE_APPLICATION_RUNTIME 3u

#endif
