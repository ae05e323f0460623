/* SPDX-License-Identifier: MIT */
/*
 * In assembly, so that no compiler option (-fcf-protection, -pg, LTO, patchable entries) puts
 * anything before the nop, merges the two functions or drops them. Both are in one section, of
 * which the library always uses something: a linker that drops unused sections would else leave a
 * note that points nowhere. The note is of type 3, owner "stapsdt": address, base, semaphore
 * (none), provider, name, arguments. It is not loaded, hence needs no relocation at run time, and
 * strip keeps it; only a file without section headers (sstrip) has none.
 */
#include "protocol.h"

#if defined(__x86_64__)
#define RETURN	   "ret"
#define BEGIN_ARGS "8@%rdi 8@%rsi"
#define END_ARGS   "8@%rdi 4@%esi"
#elif defined(__aarch64__)
#define RETURN	   "ret"
#define BEGIN_ARGS "8@x0 8@x1"
#define END_ARGS   "8@x0 4@x1"
#else
#error "memtrace markers: x86_64 and aarch64 only"
#endif

#define SITE(function, probe, args)                                                                \
	__asm__(".pushsection .text.memtrace_sites,\"ax\",%progbits\n"                             \
		".balign 16\n"                                                                     \
		".globl " function "\n"                                                            \
		".type " function ",%function\n" function ":\n"                                    \
		".cfi_startproc\n"                                                                 \
		"	nop\n"                                                                           \
		"	" RETURN "\n"                                                              \
		".cfi_endproc\n"                                                                   \
		".size " function ", . - " function "\n"                                           \
		".popsection\n"                                                                    \
		".pushsection .note.stapsdt,\"\",\"note\"\n"                                       \
		"	.balign 4\n"                                                                     \
		"	.4byte 992f - 991f, 994f - 993f, 3\n"                                            \
		"991:	.asciz \"stapsdt\"\n"                                                        \
		"992:	.balign 4\n"                                                                 \
		"993:	.8byte " function "\n"                                                     \
		"	.8byte _.stapsdt.base\n"                                                         \
		"	.8byte 0\n"                                                                      \
		"	.asciz \"" MARKER_PROVIDER "\"\n"                                          \
		"	.asciz \"" probe "\"\n"                                                    \
		"	.asciz \"" args "\"\n"                                                     \
		"994:	.balign 4\n"                                                                 \
		".popsection\n")

/* What tools use to notice that an object was moved by prelinking. One copy a linked file. */
__asm__(".pushsection .stapsdt.base,\"aG\",%progbits,.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n"
	".hidden _.stapsdt.base\n"
	"_.stapsdt.base: .space 1\n"
	".size _.stapsdt.base, 1\n"
	".popsection\n");

SITE("memtrace_site_begin", "begin", BEGIN_ARGS);
SITE("memtrace_site_end", "end", END_ARGS);
