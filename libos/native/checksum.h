/*
 * The checksums of IPv4, TCP and UDP (RFC 791, RFC 9293, RFC 768) over whole frames, where the device leaves
 * them to software. Multi-byte words are summed in the machine's order, which RFC 1071 section 2(B) allows.
 */
#ifndef BYPASSBENCH_CHECKSUM_H
#define BYPASSBENCH_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

/* As ChecksumStatus in libos/inet/device.ts. */
enum checksum_status { CHECKSUM_UNCHECKED, CHECKSUM_GOOD, CHECKSUM_BAD };

/* Where the parts of an unfragmented IPv4 packet in an Ethernet frame lie. */
struct packet {
	uint8_t *ip;
	uint32_t header_length;
	uint8_t protocol;
	uint8_t *payload;
	uint32_t payload_length;
};

/* Whether the frame holds one whose lengths fit into it; nothing is said of other frames. */
bool packet_find(uint8_t *frame, uint32_t length, struct packet *packet);
enum checksum_status packet_verify(const struct packet *packet);
/* IPv4's checksum alone. */
enum checksum_status packet_verify_header(const struct packet *packet);
void packet_fill(const struct packet *packet);
void packet_fill_header(const struct packet *packet);
/*
 * Whether the packet is as Linux hands it to a NIC that fills checksums in: IPv4's right, that of TCP or UDP no more
 * than the sum over the pseudo-header.
 */
bool packet_is_partial(const struct packet *packet);
/* The same. With `takes_partial` a checksum that was left to a NIC is taken for right, and counted in `partial`. */
enum checksum_status packet_status(const struct packet *packet, bool takes_partial, double *partial);
/* What hardware wants in the field of TCP or UDP: the sum over the pseudo-header, not complemented. */
uint16_t packet_pseudo_sum(const struct packet *packet);
/* The checksum field of TCP or UDP, or NULL. */
uint8_t *packet_field(const struct packet *packet);

#endif
