#include "checksum.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

enum { ETHERNET_LENGTH = 14, ETHERTYPE_AT = 12, IPV4_MINIMUM = 20 };
enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };
enum { TCP_MINIMUM = 20, TCP_CHECKSUM_AT = 16, UDP_LENGTH = 8, UDP_LENGTH_AT = 4, UDP_CHECKSUM_AT = 6 };
enum { IP_CHECKSUM_AT = 10, IP_ADDRESSES_AT = 12 };

#if defined(__x86_64__)
/* The compiler makes vector code of the loop, which the machine that runs it may not have. */
#define FOR_EACH_MACHINE __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_MACHINE
#endif

/* Not folded; at most 2^32 words are summed, so that it cannot overflow. */
FOR_EACH_MACHINE
static uint64_t sum(const uint8_t *bytes, uint32_t length)
{
	uint64_t total = 0;
	uint32_t words = length / 4;
	uint32_t tail = 0;

	for (uint32_t i = 0; i < words; i++) {
		uint32_t word;

		memcpy(&word, bytes + 4 * i, 4);
		total += word;
	}
	/* The last bytes with zeros behind them, as RFC 1071 pads. */
	for (uint32_t i = 0; i < length % 4; i++)
		((uint8_t *)&tail)[i] = bytes[4 * words + i];
	return total + tail;
}

static uint16_t fold(uint64_t total)
{
	total = (total & 0xffffffff) + (total >> 32);
	total = (total & 0xffffffff) + (total >> 32);
	total = (total & 0xffff) + (total >> 16);
	total = (total & 0xffff) + (total >> 16);
	return (uint16_t)total;
}

static uint16_t read16(const uint8_t *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, 2);
	return value;
}

static void write16(uint8_t *bytes, uint16_t value)
{
	memcpy(bytes, &value, 2);
}

bool packet_find(uint8_t *frame, uint32_t length, struct packet *packet)
{
	uint8_t *ip = frame + ETHERNET_LENGTH;
	uint32_t header_length, total_length;

	if (length < ETHERNET_LENGTH + IPV4_MINIMUM || read16(frame + ETHERTYPE_AT) != htons(0x0800) ||
	    ip[0] >> 4 != 4)
		return false;
	header_length = (ip[0] & 15) * 4u;
	total_length = ntohs(read16(ip + 2));
	if (header_length < IPV4_MINIMUM || total_length < header_length ||
	    total_length > length - ETHERNET_LENGTH)
		return false;
	/* More fragments, or an offset: what follows is a part that has no checksum of its own. */
	if ((read16(ip + 6) & htons(0x3fff)) != 0)
		return false;
	packet->ip = ip;
	packet->header_length = header_length;
	packet->protocol = ip[9];
	packet->payload = ip + header_length;
	packet->payload_length = total_length - header_length;
	return true;
}

uint8_t *packet_field(const struct packet *packet)
{
	if (packet->protocol == PROTOCOL_TCP && packet->payload_length >= TCP_MINIMUM)
		return packet->payload + TCP_CHECKSUM_AT;
	/* A datagram may be shorter than its packet; nobody sends that, so the stack may look at it. */
	if (packet->protocol == PROTOCOL_UDP && packet->payload_length >= UDP_LENGTH &&
	    ntohs(read16(packet->payload + UDP_LENGTH_AT)) == packet->payload_length)
		return packet->payload + UDP_CHECKSUM_AT;
	return NULL;
}

static uint64_t pseudo_header(const struct packet *packet)
{
	return sum(packet->ip + IP_ADDRESSES_AT, 8) + htons(packet->protocol) +
	       htons((uint16_t)packet->payload_length);
}

uint16_t packet_pseudo_sum(const struct packet *packet)
{
	return fold(pseudo_header(packet));
}

enum checksum_status packet_verify_header(const struct packet *packet)
{
	return fold(sum(packet->ip, packet->header_length)) == 0xffff ? CHECKSUM_GOOD : CHECKSUM_BAD;
}

enum checksum_status packet_verify(const struct packet *packet)
{
	const uint8_t *field = packet_field(packet);

	if (packet_verify_header(packet) == CHECKSUM_BAD)
		return CHECKSUM_BAD;
	if (field == NULL)
		return packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP
			       ? CHECKSUM_UNCHECKED
			       : CHECKSUM_GOOD;
	/* RFC 768: the sender has computed none. */
	if (packet->protocol == PROTOCOL_UDP && read16(field) == 0)
		return CHECKSUM_GOOD;
	if (fold(pseudo_header(packet) + sum(packet->payload, packet->payload_length)) != 0xffff)
		return CHECKSUM_BAD;
	return CHECKSUM_GOOD;
}

bool packet_is_partial(const struct packet *packet)
{
	const uint8_t *field = packet_field(packet);

	return field != NULL && packet_verify_header(packet) == CHECKSUM_GOOD &&
	       read16(field) == packet_pseudo_sum(packet);
}

enum checksum_status packet_status(const struct packet *packet, bool takes_partial, double *partial)
{
	const enum checksum_status status = packet_verify(packet);

	if (__builtin_expect(status != CHECKSUM_BAD, 1) || !takes_partial || !packet_is_partial(packet))
		return status;
	*partial += 1;
	return CHECKSUM_GOOD;
}

void packet_fill_header(const struct packet *packet)
{
	write16(packet->ip + IP_CHECKSUM_AT, 0);
	write16(packet->ip + IP_CHECKSUM_AT, (uint16_t)~fold(sum(packet->ip, packet->header_length)));
}

void packet_fill(const struct packet *packet)
{
	uint8_t *field = packet_field(packet);
	uint16_t checksum;

	packet_fill_header(packet);
	if (field == NULL)
		return;
	write16(field, 0);
	checksum = (uint16_t)~fold(pseudo_header(packet) + sum(packet->payload, packet->payload_length));
	/* RFC 768: a computed zero is sent as all ones; zero means none. For TCP both are the same. */
	write16(field, checksum == 0 && packet->protocol == PROTOCOL_UDP ? 0xffff : checksum);
}
