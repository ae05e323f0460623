// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbol/exits.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CODE_MAX (4u << 20) /* bytes of a function */

/* How far back the table look-up of a switch can be from its jump, in instructions. */
#define SWITCH_WINDOW 8

static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
static const uint8_t nop5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

struct part {
	uint64_t address, size, offset;
	uint8_t *bytes;
};

struct search {
	struct part parts[2]; /* the function, and its cold part */
	size_t parts_len;
	struct function_code code;
	const char *why;
};

static int read_part(struct search *s, int fd, const struct elf_functions *functions,
		     const struct elf_function *function)
{
	struct part *p = &s->parts[s->parts_len];

	*p = (struct part){.address = function->address, .size = function->size};
	s->why = "its code is not in the file";
	if (!p->size || !elf_file__offset(&functions->file, p->address, p->size, &p->offset))
		return -EPERM;
	s->why = "it is too large";
	if (p->size > CODE_MAX)
		return -EPERM;
	p->bytes = malloc(p->size);
	if (!p->bytes)
		return -ENOMEM;
	s->parts_len++;
	s->why = "its code cannot be read";
	return pread(fd, p->bytes, p->size, (off_t)p->offset) == (ssize_t)p->size ? 0 : -EPERM;
}

static bool is_inside(const struct search *s, uint64_t address)
{
	for (size_t i = 0; i < s->parts_len; i++)
		if (address - s->parts[i].address < s->parts[i].size)
			return true;
	return false;
}

static int add_exit(struct search *s, const struct part *p, uint64_t address, uint8_t condition)
{
	struct function_code *c = &s->code;
	struct exit_site *exits = reallocarray(c->exits, c->exits_len + 1, sizeof(*exits));

	if (!exits)
		return -ENOMEM;
	c->exits = exits;
	exits[c->exits_len++] = (struct exit_site){address - p->address + p->offset, condition};
	return 0;
}

/* What was seen of the last instructions: a switch adds a table's entry to its address. */
struct recent {
	unsigned int since_table; /* instructions since a load from a table */
};

static bool is_table_load(const cs_insn *i)
{
	const cs_x86 *x = &i->detail->x86;

	return (i->id == X86_INS_MOVSXD || i->id == X86_INS_MOV || i->id == X86_INS_MOVZX) &&
	       x->op_count == 2 && x->operands[1].type == X86_OP_MEM &&
	       x->operands[1].mem.index != X86_REG_INVALID;
}

/* jmp *table(,%reg,8), jmp *%reg behind a load from a table, or one marked notrack. */
static bool is_switch(const cs_insn *i, const struct recent *recent)
{
	const cs_x86_op *target = &i->detail->x86.operands[0];

	if (i->bytes[0] == 0x3e)
		return true;
	if (target->type == X86_OP_MEM)
		return target->mem.index != X86_REG_INVALID;
	return recent->since_table <= SWITCH_WINDOW;
}

static int take_jump(struct search *s, const struct part *p, const cs_insn *i,
		     const struct recent *recent)
{
	const cs_x86_op *target = &i->detail->x86.operands[0];
	bool always = i->id == X86_INS_JMP;
	uint8_t opcode;

	if (target->type != X86_OP_IMM)
		return is_switch(i, recent) ? 0 : add_exit(s, p, i->address, EXIT_ALWAYS);
	if (is_inside(s, (uint64_t)target->imm))
		return 0;
	if (always)
		return add_exit(s, p, i->address, EXIT_ALWAYS);
	/* 70+cc short, 0f 80+cc near; what counts in a register (jrcxz, loop) is neither. */
	opcode = i->detail->x86.opcode[0] == 0x0f ? i->detail->x86.opcode[1]
						  : i->detail->x86.opcode[0];
	s->why = "it leaves by a jump that cannot be followed";
	if ((opcode & 0xf0) != (i->detail->x86.opcode[0] == 0x0f ? 0x80 : 0x70))
		return -EPERM;
	return add_exit(s, p, i->address, EXIT_IF(opcode & 0xf));
}

static int take_instruction(struct search *s, const struct part *p, const cs_insn *i,
			    struct recent *recent)
{
	recent->since_table = is_table_load(i) ? 0 : recent->since_table + 1;
	switch (i->id) {
	case X86_INS_RET: return add_exit(s, p, i->address, EXIT_ALWAYS);
	case X86_INS_RETF:
	case X86_INS_RETFQ:
	case X86_INS_IRET:
	case X86_INS_IRETQ:
	case X86_INS_LJMP: s->why = "it returns in an unusual way"; return -EPERM;
	default: break;
	}
	for (uint8_t g = 0; g < i->detail->groups_count; g++)
		if (i->detail->groups[g] == X86_GRP_JUMP)
			return take_jump(s, p, i, recent);
	return 0;
}

static int sweep(struct search *s, csh handle, const struct part *p)
{
	struct recent recent = {.since_table = SWITCH_WINDOW + 1};
	const uint8_t *bytes = p->bytes;
	uint64_t address = p->address;
	size_t left = p->size;
	cs_insn *i = cs_malloc(handle);
	int r = i ? 0 : -ENOMEM;

	while (!r && left) {
		if (cs_disasm_iter(handle, &bytes, &left, &address, i)) {
			r = take_instruction(s, p, i, &recent);
		} else {
			s->why = "there is data in its code";
			r = -EPERM;
		}
	}
	if (i)
		cs_free(i, 1);
	return r;
}

/* Behind what must not be probed, or is dear to: the stack pointer is the same there. */
static int find_entry(struct search *s)
{
	const struct part *p = &s->parts[0];
	uint64_t at = 0;

	if (p->size > sizeof(endbr64) && !memcmp(p->bytes, endbr64, sizeof(endbr64)))
		at = sizeof(endbr64);
	while (p->size - at > sizeof(nop5) && !memcmp(p->bytes + at, nop5, sizeof(nop5)))
		at += sizeof(nop5);
	s->why = "its first instruction cannot be probed";
	if (p->bytes[at] == 0xcc ||
	    (p->size - at >= sizeof(nop5) && !memcmp(p->bytes + at, nop5, sizeof(nop5))))
		return -EPERM;
	s->code.entry = p->offset + at;
	return 0;
}

static int sweep_all(struct search *s)
{
	csh handle;
	int r;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle))
		return -ENOMEM;
	r = cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON) ? -ENOMEM : 0;
	for (size_t i = 0; !r && i < s->parts_len; i++)
		r = sweep(s, handle, &s->parts[i]);
	cs_close(&handle);
	return r;
}

/* An exit at the very entry: its breakpoint is the entry's. */
static int check_exits(struct search *s)
{
	s->why = "it has one instruction only";
	for (size_t i = 0; i < s->code.exits_len; i++)
		if (s->code.exits[i].offset == s->code.entry)
			return -EPERM;
	return 0;
}

int exits__find(struct function_code *out, int fd, const struct elf_functions *functions,
		const struct elf_function *function, const struct elf_function *cold,
		const char **why)
{
	struct search s = {.why = "its machine is not known"};
	int r = functions->file.machine == EM_X86_64 ? 0 : -EPERM;

	if (!r)
		r = read_part(&s, fd, functions, function);
	if (!r && cold)
		r = read_part(&s, fd, functions, cold);
	if (!r)
		r = find_entry(&s);
	if (!r)
		r = sweep_all(&s);
	if (!r)
		r = check_exits(&s);
	for (size_t i = 0; i < s.parts_len; i++)
		free(s.parts[i].bytes);
	*why = s.why;
	if (r)
		exits__free(&s.code);
	else
		*out = s.code;
	return r;
}

void exits__free(struct function_code *code)
{
	free(code->exits);
	*code = (struct function_code){0};
}
