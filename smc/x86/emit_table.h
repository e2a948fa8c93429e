// SPDX-License-Identifier: MIT
// The list of instruction families that emit.h offers; emit_forms.h says
// which functions each makes. Tests include it, too, with other meanings for
// the same words, so that no function goes untested.

// clang-format off

// Moving -------------------------------------------------------------------
EMIT_MOV(mov)                    // rr rm mr ri mi, all sizes
EMIT_LEA(lea)                    // rm
EMIT_PAIR(movzbl, 0x0fb6, reg32, reg8)    // rr rm
EMIT_PAIR(movzbw, 0x660fb6, reg16, reg8)
EMIT_PAIR(movzwl, 0x0fb7, reg32, reg16)
EMIT_PAIR(movsbl, 0x0fbe, reg32, reg8)
EMIT_PAIR(movsbw, 0x660fbe, reg16, reg8)
EMIT_PAIR(movswl, 0x0fbf, reg32, reg16)
EMIT_XCHG(xchg)                  // rr mr, all sizes
EMIT_UPDATE(cmpxchg, 0x0fb0)     // rr mr, all sizes
EMIT_UPDATE(xadd, 0x0fc0)
EMIT_M(cmpxchg8b, 0x0fc7, 1)
EMIT_R(bswap, 0x0fc8)
EMIT_CMOV(cmov)                  // rr rm
EMIT_SET(set)                    // r m

// The stack ----------------------------------------------------------------
EMIT_R(push, 0x50)
EMIT_R(pop, 0x58)
EMIT_M(push, 0xff, 6)
EMIT_M(pop, 0x8f, 0)
EMIT_PUSH(push)                  // i
EMIT_STACK_SEGMENT(push, 0x06, 0x0e, 0x16, 0x1e, 0x0fa0, 0x0fa8) // s
EMIT_STACK_SEGMENT(pop, 0x07, 0, 0x17, 0x1f, 0x0fa1, 0x0fa9)     // not %cs
EMIT_PLAIN(pusha, 0x60)
EMIT_PLAIN(popa, 0x61)
EMIT_PLAIN(pushf, 0x9c)
EMIT_PLAIN(popf, 0x9d)
EMIT_ENTER(enter)                // ii
EMIT_PLAIN(leave, 0xc9)

// Arithmetic ---------------------------------------------------------------
EMIT_ALU(add, 0)                 // rr rm mr ri mi, all sizes
EMIT_ALU(or, 1)
EMIT_ALU(adc, 2)
EMIT_ALU(sbb, 3)
EMIT_ALU(and, 4)
EMIT_ALU(sub, 5)
EMIT_ALU(xor, 6)
EMIT_ALU(cmp, 7)
EMIT_TEST(test)                  // rr mr ri mi, all sizes
EMIT_STEP(inc, 0)                // r m, all sizes
EMIT_STEP(dec, 1)
EMIT_UNARY(not, 2)               // r m, all sizes
EMIT_UNARY(neg, 3)
EMIT_UNARY(mul, 4)
EMIT_UNARY(imul, 5)
EMIT_UNARY(div, 6)
EMIT_UNARY(idiv, 7)
EMIT_LOAD(imul, 0x0faf)          // rr rm, 32 and 16 bits
EMIT_IMUL(imul)                  // rri rmi, 32 and 16 bits
EMIT_PLAIN(cwtl, 0x98)           // Intel's CWDE
EMIT_PLAIN(cbtw, 0x6698)
EMIT_PLAIN(cltd, 0x99)           // Intel's CDQ
EMIT_PLAIN(cwtd, 0x6699)

// Bits ---------------------------------------------------------------------
EMIT_SHIFT(rol, 0)               // ri mi r_cl m_cl, all sizes
EMIT_SHIFT(ror, 1)
EMIT_SHIFT(rcl, 2)
EMIT_SHIFT(rcr, 3)
EMIT_SHIFT(shl, 4)
EMIT_SHIFT(shr, 5)
EMIT_SHIFT(sar, 7)
EMIT_DOUBLE_SHIFT(shld, 0x0fa4)  // rri mri rr_cl mr_cl, 32 and 16 bits
EMIT_DOUBLE_SHIFT(shrd, 0x0fac)
EMIT_BIT(bt, 4)                  // rr mr ri mi, 32 and 16 bits
EMIT_BIT(bts, 5)
EMIT_BIT(btr, 6)
EMIT_BIT(btc, 7)
EMIT_LOAD(bsf, 0x0fbc)
EMIT_LOAD(bsr, 0x0fbd)
EMIT_PAIR(popcnt, 0xf30fb8, reg32, reg32)

// Going elsewhere; direct branches are in emit.h ---------------------------
EMIT_R(jmp, 0xffe0)
EMIT_M(jmp, 0xff, 4)
EMIT_R(call, 0xffd0)
EMIT_M(call, 0xff, 2)
EMIT_M(ljmp, 0xff, 5)
EMIT_M(lcall, 0xff, 3)
EMIT_FAR(ljmp, 0xea)             // selector and offset
EMIT_FAR(lcall, 0x9a)
EMIT_RET(ret, 0xc3)              // plain, and i: bytes to drop
EMIT_RET(lret, 0xcb)
EMIT_PLAIN(iret, 0xcf)
EMIT_PLAIN(int3, 0xcc)
EMIT_INT(int)                    // i; 3 is INT3
EMIT_PLAIN(into, 0xce)
EMIT_PLAIN(ud2, 0x0f0b)
EMIT_PLAIN(hlt, 0xf4)

// Flags --------------------------------------------------------------------
EMIT_PLAIN(clc, 0xf8)
EMIT_PLAIN(stc, 0xf9)
EMIT_PLAIN(cmc, 0xf5)
EMIT_PLAIN(cld, 0xfc)
EMIT_PLAIN(std, 0xfd)
EMIT_PLAIN(cli, 0xfa)
EMIT_PLAIN(sti, 0xfb)
EMIT_PLAIN(lahf, 0x9f)
EMIT_PLAIN(sahf, 0x9e)

// Strings, and the prefixes for the instruction that follows ---------------
EMIT_PREFIX(rep, 0xf3)           // also REPE
EMIT_PREFIX(repne, 0xf2)
EMIT_PREFIX(lock, 0xf0)
EMIT_PLAIN(movsb, 0xa4)
EMIT_PLAIN(movsw, 0x66a5)
EMIT_PLAIN(movsl, 0xa5)
EMIT_PLAIN(cmpsb, 0xa6)
EMIT_PLAIN(cmpsw, 0x66a7)
EMIT_PLAIN(cmpsl, 0xa7)
EMIT_PLAIN(stosb, 0xaa)
EMIT_PLAIN(stosw, 0x66ab)
EMIT_PLAIN(stosl, 0xab)
EMIT_PLAIN(lodsb, 0xac)
EMIT_PLAIN(lodsw, 0x66ad)
EMIT_PLAIN(lodsl, 0xad)
EMIT_PLAIN(scasb, 0xae)
EMIT_PLAIN(scasw, 0x66af)
EMIT_PLAIN(scasl, 0xaf)
EMIT_PLAIN(insb, 0x6c)
EMIT_PLAIN(insw, 0x666d)
EMIT_PLAIN(insl, 0x6d)
EMIT_PLAIN(outsb, 0x6e)
EMIT_PLAIN(outsw, 0x666f)
EMIT_PLAIN(outsl, 0x6f)
EMIT_PLAIN(xlat, 0xd7)

// The machine --------------------------------------------------------------
EMIT_PORT(inb, 0xe4)             // i: the port; dx: in %dx
EMIT_PORT(inw, 0x66e5)
EMIT_PORT(inl, 0xe5)
EMIT_PORT(outb, 0xe6)
EMIT_PORT(outw, 0x66e7)
EMIT_PORT(outl, 0xe7)
EMIT_SPECIAL(mov)                // rs sr ms sm rc cr rd dr
EMIT_PLAIN(cpuid, 0x0fa2)
EMIT_PLAIN(rdtsc, 0x0f31)
EMIT_PLAIN(rdpmc, 0x0f33)
EMIT_PLAIN(rdmsr, 0x0f32)
EMIT_PLAIN(wrmsr, 0x0f30)
EMIT_PLAIN(pause, 0xf390)
EMIT_PLAIN(lfence, 0x0faee8)
EMIT_PLAIN(mfence, 0x0faef0)
EMIT_PLAIN(sfence, 0x0faef8)
EMIT_PLAIN(clts, 0x0f06)
EMIT_PLAIN(wbinvd, 0x0f09)
EMIT_M(invlpg, 0x0f01, 7)
EMIT_M(clflush, 0x0fae, 7)
EMIT_M(sgdt, 0x0f01, 0)
EMIT_M(sidt, 0x0f01, 1)
EMIT_M(lgdt, 0x0f01, 2)
EMIT_M(lidt, 0x0f01, 3)
EMIT_R(sldt, 0x0f00c0)
EMIT_R(str, 0x0f00c8)
EMIT_R16(lldt, 0x0f00d0)
EMIT_R16(ltr, 0x0f00d8)
EMIT_R(smsw, 0x0f01e0)
EMIT_R16(lmsw, 0x0f01f0)
EMIT_M(prefetchnta, 0x0f18, 0)
EMIT_M(prefetcht0, 0x0f18, 1)

// x87: s is 32 bits, l 64, t 80; after fi: none 16, l 32, ll 64 ------------
EMIT_M(flds, 0xd9, 0)
EMIT_M(fldl, 0xdd, 0)
EMIT_M(fldt, 0xdb, 5)
EMIT_M(fsts, 0xd9, 2)
EMIT_M(fstl, 0xdd, 2)
EMIT_M(fstps, 0xd9, 3)
EMIT_M(fstpl, 0xdd, 3)
EMIT_M(fstpt, 0xdb, 7)
EMIT_M(filds, 0xdf, 0)
EMIT_M(fildl, 0xdb, 0)
EMIT_M(fildll, 0xdf, 5)
EMIT_M(fistps, 0xdf, 3)
EMIT_M(fistpl, 0xdb, 3)
EMIT_M(fistpll, 0xdf, 7)
EMIT_M(fisttpl, 0xdb, 1)
EMIT_M(fisttpll, 0xdd, 1)
EMIT_M(fadds, 0xd8, 0)
EMIT_M(faddl, 0xdc, 0)
EMIT_M(fmuls, 0xd8, 1)
EMIT_M(fmull, 0xdc, 1)
EMIT_M(fsubs, 0xd8, 4)           // st = st - m
EMIT_M(fsubl, 0xdc, 4)
EMIT_M(fsubrs, 0xd8, 5)          // st = m - st
EMIT_M(fsubrl, 0xdc, 5)
EMIT_M(fdivs, 0xd8, 6)
EMIT_M(fdivl, 0xdc, 6)
EMIT_M(fdivrs, 0xd8, 7)
EMIT_M(fdivrl, 0xdc, 7)
EMIT_M(fldcw, 0xd9, 5)
EMIT_M(fnstcw, 0xd9, 7)
EMIT_M(fnstenv, 0xd9, 6)
EMIT_M(fldenv, 0xd9, 4)
EMIT_M(fnsave, 0xdd, 6)
EMIT_M(frstor, 0xdd, 4)
EMIT_M(fxsave, 0x0fae, 0)
EMIT_M(fxrstor, 0x0fae, 1)
EMIT_T(fld, 0xd9c0)
EMIT_T(fxch, 0xd9c8)
EMIT_T(fst, 0xddd0)
EMIT_T(fstp, 0xddd8)
EMIT_T(ffree, 0xddc0)
EMIT_T(fadd, 0xd8c0)             // st = st + st(i)
EMIT_T(fmul, 0xd8c8)
EMIT_T(fsub, 0xd8e0)             // st = st - st(i)
EMIT_T(fsubr, 0xd8e8)            // st = st(i) - st
EMIT_T(fdiv, 0xd8f0)
EMIT_T(fdivr, 0xd8f8)
EMIT_T(faddp, 0xdec0)            // st(i) = st(i) + st, then pop
EMIT_T(fmulp, 0xdec8)
EMIT_T(fsubp, 0xdee0)            // st(i) = st - st(i): AT&T's name,
EMIT_T(fsubrp, 0xdee8)           // st(i) = st(i) - st: Intel's FSUBP
EMIT_T(fdivp, 0xdef0)
EMIT_T(fdivrp, 0xdef8)
EMIT_T(fcomi, 0xdbf0)            // to EFLAGS, as an unsigned comparison
EMIT_T(fcomip, 0xdff0)
EMIT_T(fucomi, 0xdbe8)
EMIT_T(fucomip, 0xdfe8)
EMIT_PLAIN(fld1, 0xd9e8)
EMIT_PLAIN(fldz, 0xd9ee)
EMIT_PLAIN(fldpi, 0xd9eb)
EMIT_PLAIN(fldl2e, 0xd9ea)
EMIT_PLAIN(fldln2, 0xd9ed)
EMIT_PLAIN(fchs, 0xd9e0)
EMIT_PLAIN(fabs, 0xd9e1)
EMIT_PLAIN(fsqrt, 0xd9fa)
EMIT_PLAIN(frndint, 0xd9fc)
EMIT_PLAIN(fsin, 0xd9fe)
EMIT_PLAIN(fcos, 0xd9ff)
EMIT_PLAIN(fpatan, 0xd9f3)
EMIT_PLAIN(fprem, 0xd9f8)
EMIT_PLAIN(fscale, 0xd9fd)
EMIT_PLAIN(f2xm1, 0xd9f0)
EMIT_PLAIN(fyl2x, 0xd9f1)
EMIT_PLAIN(fwait, 0x9b)
EMIT_PLAIN(fninit, 0xdbe3)
EMIT_PLAIN(fnclex, 0xdbe2)

// SSE and SSE2 -------------------------------------------------------------
EMIT_MOVE(movups, 0x0f10, 0x0f11) // xx xm mx
EMIT_MOVE(movupd, 0x660f10, 0x660f11)
EMIT_MOVE(movaps, 0x0f28, 0x0f29)
EMIT_MOVE(movss, 0xf30f10, 0xf30f11)
EMIT_MOVE(movsd, 0xf20f10, 0xf20f11)
EMIT_MOVE(movdqu, 0xf30f6f, 0xf30f7f)
EMIT_MOVE(movdqa, 0x660f6f, 0x660f7f)
EMIT_MOVE(movq, 0xf30f7e, 0x660fd6)
EMIT_HALF(movlps, 0x0f12, 0x0f13) // xm mx
EMIT_HALF(movhps, 0x0f16, 0x0f17)
EMIT_HALF(movlpd, 0x660f12, 0x660f13)
EMIT_HALF(movhpd, 0x660f16, 0x660f17)
EMIT_MOVD(movd)                  // xr rx xm mx
EMIT_SSE(addps, 0x0f58)          // xx xm
EMIT_SSE(addpd, 0x660f58)
EMIT_SSE(addss, 0xf30f58)
EMIT_SSE(addsd, 0xf20f58)
EMIT_SSE(subps, 0x0f5c)
EMIT_SSE(subpd, 0x660f5c)
EMIT_SSE(subss, 0xf30f5c)
EMIT_SSE(subsd, 0xf20f5c)
EMIT_SSE(mulps, 0x0f59)
EMIT_SSE(mulpd, 0x660f59)
EMIT_SSE(mulss, 0xf30f59)
EMIT_SSE(mulsd, 0xf20f59)
EMIT_SSE(divps, 0x0f5e)
EMIT_SSE(divpd, 0x660f5e)
EMIT_SSE(divss, 0xf30f5e)
EMIT_SSE(divsd, 0xf20f5e)
EMIT_SSE(minps, 0x0f5d)
EMIT_SSE(minsd, 0xf20f5d)
EMIT_SSE(maxps, 0x0f5f)
EMIT_SSE(maxsd, 0xf20f5f)
EMIT_SSE(sqrtps, 0x0f51)
EMIT_SSE(sqrtpd, 0x660f51)
EMIT_SSE(sqrtss, 0xf30f51)
EMIT_SSE(sqrtsd, 0xf20f51)
EMIT_SSE(rsqrtps, 0x0f52)
EMIT_SSE(rcpps, 0x0f53)
EMIT_SSE(andps, 0x0f54)
EMIT_SSE(andnps, 0x0f55)
EMIT_SSE(orps, 0x0f56)
EMIT_SSE(xorps, 0x0f57)
EMIT_SSE(ucomiss, 0x0f2e)
EMIT_SSE(ucomisd, 0x660f2e)
EMIT_SSE(unpcklps, 0x0f14)
EMIT_SSE(unpckhps, 0x0f15)
EMIT_SSE(cvtss2sd, 0xf30f5a)
EMIT_SSE(cvtsd2ss, 0xf20f5a)
EMIT_SSE(cvtdq2ps, 0x0f5b)
EMIT_SSE(cvtdq2pd, 0xf30fe6)
EMIT_SSE(cvttps2dq, 0xf30f5b)
EMIT_SSE(cvttpd2dq, 0x660fe6)
EMIT_TO_X(cvtsi2ss, 0xf30f2a)    // xr xm
EMIT_TO_X(cvtsi2sd, 0xf20f2a)
EMIT_FROM_X(cvttss2si, 0xf30f2c) // rx rm
EMIT_FROM_X(cvttsd2si, 0xf20f2c)
EMIT_FROM_X(cvtsd2si, 0xf20f2d)
EMIT_MASK(movmskps, 0x0f50)      // rx
EMIT_MASK(movmskpd, 0x660f50)
EMIT_MASK(pmovmskb, 0x660fd7)
EMIT_SSE(paddb, 0x660ffc)
EMIT_SSE(paddw, 0x660ffd)
EMIT_SSE(paddd, 0x660ffe)
EMIT_SSE(paddq, 0x660fd4)
EMIT_SSE(psubb, 0x660ff8)
EMIT_SSE(psubw, 0x660ff9)
EMIT_SSE(psubd, 0x660ffa)
EMIT_SSE(psubq, 0x660ffb)
EMIT_SSE(paddusb, 0x660fdc)
EMIT_SSE(psubusb, 0x660fd8)
EMIT_SSE(pmullw, 0x660fd5)
EMIT_SSE(pmulhw, 0x660fe5)
EMIT_SSE(pmulhuw, 0x660fe4)
EMIT_SSE(pmuludq, 0x660ff4)
EMIT_SSE(pmaddwd, 0x660ff5)
EMIT_SSE(pavgb, 0x660fe0)
EMIT_SSE(pminub, 0x660fda)
EMIT_SSE(pmaxub, 0x660fde)
EMIT_SSE(psadbw, 0x660ff6)
EMIT_SSE(pand, 0x660fdb)
EMIT_SSE(pandn, 0x660fdf)
EMIT_SSE(por, 0x660feb)
EMIT_SSE(pxor, 0x660fef)
EMIT_SSE(pcmpeqb, 0x660f74)
EMIT_SSE(pcmpeqw, 0x660f75)
EMIT_SSE(pcmpeqd, 0x660f76)
EMIT_SSE(pcmpgtb, 0x660f64)
EMIT_SSE(pcmpgtw, 0x660f65)
EMIT_SSE(pcmpgtd, 0x660f66)
EMIT_SSE(packsswb, 0x660f63)
EMIT_SSE(packssdw, 0x660f6b)
EMIT_SSE(packuswb, 0x660f67)
EMIT_SSE(punpcklbw, 0x660f60)
EMIT_SSE(punpcklwd, 0x660f61)
EMIT_SSE(punpckldq, 0x660f62)
EMIT_SSE(punpcklqdq, 0x660f6c)
EMIT_SSE(punpckhbw, 0x660f68)
EMIT_SSE(punpckhwd, 0x660f69)
EMIT_SSE(punpckhdq, 0x660f6a)
EMIT_SSE(punpckhqdq, 0x660f6d)
EMIT_VECTOR_SHIFT(psllw, 0x660ff1, 0x660f71, 6)  // xx xm xi
EMIT_VECTOR_SHIFT(pslld, 0x660ff2, 0x660f72, 6)
EMIT_VECTOR_SHIFT(psllq, 0x660ff3, 0x660f73, 6)
EMIT_VECTOR_SHIFT(psrlw, 0x660fd1, 0x660f71, 2)
EMIT_VECTOR_SHIFT(psrld, 0x660fd2, 0x660f72, 2)
EMIT_VECTOR_SHIFT(psrlq, 0x660fd3, 0x660f73, 2)
EMIT_VECTOR_SHIFT(psraw, 0x660fe1, 0x660f71, 4)
EMIT_VECTOR_SHIFT(psrad, 0x660fe2, 0x660f72, 4)
EMIT_BYTE_SHIFT(pslldq, 7)       // xi
EMIT_BYTE_SHIFT(psrldq, 3)
EMIT_SHUFFLE(shufps, 0x0fc6)     // xxi xmi
EMIT_SHUFFLE(shufpd, 0x660fc6)
EMIT_SHUFFLE(pshufd, 0x660f70)
EMIT_SHUFFLE(pshuflw, 0xf20f70)
EMIT_SHUFFLE(pshufhw, 0xf30f70)
EMIT_WORDS(pextrw, pinsrw)       // rxi; xri xmi
EMIT_STORE(movntdq, 0x660fe7) // mx
EMIT_M(ldmxcsr, 0x0fae, 2)
EMIT_M(stmxcsr, 0x0fae, 3)
// clang-format on
