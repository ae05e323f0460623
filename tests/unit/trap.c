/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An object whose begin marker claims to be on a 5-byte nop. */
#define NOTE(label, probe)                                                                         \
	__asm__(".pushsection .note.stapsdt,\"\",\"note\"\n .balign 4\n"                           \
		".4byte 992f - 991f, 994f - 993f, 3\n 991: .asciz \"stapsdt\"\n 992: .balign 4\n"  \
		"993: .8byte " label ", 0, 0\n .asciz \"memtrace\"\n .asciz \"" probe "\"\n"       \
		".asciz \"\"\n 994: .balign 4\n .popsection\n")

__asm__(".text\n trap_begin: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n ret\n trap_end: nop\n ret\n");
NOTE("trap_begin", "begin");
NOTE("trap_end", "end");
