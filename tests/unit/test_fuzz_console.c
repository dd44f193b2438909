/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kind of kernel trouble is known by its report, under a title that stays the same; and what
   a kernel says on good days is not taken for any. The excerpts have the form of Linux 6.1's, those
   "as printed" are its words, of cameras in a guest with flaws. */
#include <glib.h>

#include "tools/fuzz/console.h"

typedef struct {
    const char *name, *title, *text;
} Excerpt;

#define STACK_END                                                                                  \
    "[   21.402211]  process_one_work+0x1c7/0x380\n[   21.402213]  worker_thread+0x4d/0x380\n"     \
    "[   21.402215]  kthread+0xe9/0x110\n[   21.402217]  ret_from_fork+0x22/0x30\n"                \
    "[   21.402219]  </TASK>\n"

static const Excerpt excerpts[] = {
    {"kasan", "KASAN: slab-out-of-bounds in uvc_parse_format",
     "[   12.000100] usb 1-1: New USB device found, idVendor=1d6b, idProduct=0102\n"
     "[   12.345678] ==================================================================\n"
     "[   12.345679] BUG: KASAN: slab-out-of-bounds in uvc_parse_format+0x8e1/0x1460 [uvcvideo]\n"
     "[   12.345680] Read of size 1 at addr ffff888006a5f4c2 by task kworker/0:1/12\n"
     "[   12.345681]\n[   12.345682] CPU: 0 PID: 12 Comm: kworker/0:1 Not tainted 6.1.0 #1\n"},
    {"kasan in a library's routine", "KASAN: slab-use-after-free in uvc_delete",
     "[   12.345679] BUG: KASAN: slab-use-after-free in __list_del_entry_valid+0x34/0xd0\n"
     "[   12.345680] Read of size 8 at addr ffff888006a5f4c2 by task kworker/0:1/12\n"
     "[   12.345683] Call Trace:\n[   12.345684]  <TASK>\n"
     "[   12.345685]  dump_stack_lvl+0x34/0x48\n[   12.345686]  print_report+0x170/0x473\n"
     "[   12.345687]  kasan_report+0xad/0x130\n[   12.345688]  ? uvc_scan_device+0x1/0x9\n"
     "[   12.345689]  __list_del_entry_valid+0x34/0xd0\n"
     "[   12.345690]  uvc_delete+0x5b/0x1f0 [uvcvideo]\n" STACK_END},
    {"worse than a warning", "NULL pointer dereference in uvc_parse_control",
     "[   21.402190] WARNING: CPU: 0 PID: 12 at mm/page_alloc.c:5534 __alloc_pages+0x2b1/0x310\n"
     "[   21.402191] RIP: 0010:__alloc_pages+0x2b1/0x310\n"
     "[   21.402192] ---[ end trace 0000000000000000 ]---\n"
     "[   21.402193] WARNING: CPU: 0 PID: 12 at lib/refcount.c:25 uvc_scan_chain+0x1/0x3\n"
     "[   21.402194] BUG: kernel NULL pointer dereference, address: 0000000000000000\n"
     "[   21.402195] RIP: 0010:uvc_parse_control+0x24/0x110 [uvcvideo]\n"
     "[   21.402196] BUG: KASAN: slab-out-of-bounds in uvc_probe+0x1/0x2\n"},
    {"a warning that ends it all", "WARNING in uvc_scan_chain",
     "[   21.402193] WARNING: CPU: 0 PID: 12 at uvc_driver.c:25 uvc_scan_chain+0x1/0x3\n"
     "[   21.402194] Kernel panic - not syncing: kernel: panic_on_warn set ...\n"},
    {"kfence", "KFENCE: use-after-free read in uvc_status_complete",
     "[   61.000001] BUG: KFENCE: use-after-free read in uvc_status_complete+0x1a/0x2c0 "
     "[uvcvideo]\n"},
    {"kmsan", "KMSAN: uninit-value in usb_parse_configuration",
     "[   61.000001] BUG: KMSAN: uninit-value in usb_parse_configuration+0x1a/0x2c0\n"},
    {"kcsan", "KCSAN: data-race in uvc_video_complete",
     "[   61.000001] BUG: KCSAN: data-race in uvc_video_complete / uvc_video_decode_start\n"
     "[   61.000002] write to 0xffff888006a5f4c2 of 8 bytes by interrupt on cpu 0:\n"
     "[   61.000003]  uvc_video_complete+0x12/0x40 [uvcvideo]\n"},
    {"ubsan", "UBSAN: array-index-out-of-bounds in uvc_parse_standard_control",
     "[   21.402190] UBSAN: array-index-out-of-bounds in "
     "drivers/media/usb/uvc/uvc_driver.c:1028:30\n"
     "[   21.402192] index 21 is out of range for type '__u8 [*]'\n"
     "[   21.402194] Call Trace:\n[   21.402195]  <TASK>\n"
     "[   21.402196]  dump_stack_lvl+0x45/0x5e\n[   21.402197]  ubsan_epilogue+0x5/0x40\n"
     "[   21.402198]  __ubsan_handle_out_of_bounds.cold+0x43/0x48\n"
     "[   21.402199]  uvc_parse_standard_control.isra.0+0x2e/0x8a0 [uvcvideo]\n" STACK_END},
    {"null pointer", "NULL pointer dereference in uvc_ctrl_add_info",
     "[   21.402190] BUG: kernel NULL pointer dereference, address: 0000000000000010\n"
     "[   21.402191] #PF: supervisor read access in kernel mode\n"
     "[   21.402192] #PF: error_code(0x0000) - not-present page\n"
     "[   21.402193] PGD 0 P4D 0\n[   21.402194] Oops: 0000 [#1] PREEMPT SMP NOPTI\n"
     "[   21.402195] RIP: 0010:uvc_ctrl_add_info+0x24/0x110 [uvcvideo]\n"},
    {"page fault", "unable to handle page fault in uvc_scan_chain",
     "[   21.402190] BUG: unable to handle page fault for address: ffffc90000a1f000\n"
     "[   21.402195] RIP: 0010:memcpy_erms+0x6/0x10\n"
     "[   21.402197] Call Trace:\n[   21.402198]  <TASK>\n"
     "[   21.402199]  uvc_scan_chain+0x7a/0x210 [uvcvideo]\n" STACK_END},
    {"arm's page fault", "unable to handle NULL pointer dereference in uvc_probe",
     "[   21.402190] Unable to handle kernel NULL pointer dereference at virtual address 0000000\n"
     "[   21.402195] pc : uvc_probe+0x24/0x110 [uvcvideo]\n"},
    {"sleeping", "BUG: sleeping function called from invalid context in uvc_status_start",
     "[   21.4] BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580\n"
     "[   21.5]  <TASK>\n[   21.5]  dump_stack_lvl+0x44/0x5c\n"
     "[   21.5]  __might_resched.cold+0xe9/0x11c\n[   21.5]  mutex_lock+0x15/0x30\n"
     "[   21.5]  uvc_status_start+0x20/0x60 [uvcvideo]\n" STACK_END},
    {"atomic", "BUG: scheduling while atomic in usb_start_wait_urb",
     "[   21.4] BUG: scheduling while atomic: kworker/0:1/12/0x00000002\n"
     "[   21.5]  <TASK>\n[   21.5]  __schedule_bug.cold+0x47/0x54\n[   21.5]  "
     "__schedule+0x9d/0x9a0\n"
     "[   21.5]  schedule+0x5d/0xe0\n[   21.5]  schedule_timeout+0x8b/0x160\n"
     "[   21.5]  wait_for_completion_timeout+0x83/0x160\n[   21.5]  "
     "usb_start_wait_urb+0x8a/0x180\n"},
    {"bad page", "BUG: Bad page state",
     "[   21.402190] BUG: Bad page state in process kworker/0:1  pfn:06a5f\n"},
    {"soft lockup", "soft lockup in uvc_parse_vendor_control",
     "[   48.2] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [kworker/0:1:12]\n"
     "[   48.2] Modules linked in: uvcvideo\n[   48.2] CPU: 0 PID: 12 Comm: kworker/0:1\n"
     "[   48.2] RIP: 0010:uvc_parse_vendor_control+0x51/0x5f0 [uvcvideo]\n"},
    {"an older kernel's soft lockup", "soft lockup in uvc_parse_control",
     "[   48.2] NMI watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [kworker/0:1:12]\n"
     "[   48.2] RIP: 0010:[<ffffffffc03a5b51>]  [<ffffffffc03a5b51>] "
     "uvc_parse_control+0x51/0x5f0 [uvcvideo]\n"},
    {"a newer kernel's hard lockup", "hard lockup in uvc_probe",
     "[   48.2] watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 0\n"
     "[   48.2] RIP: 0010:uvc_probe+0x51/0x5f0 [uvcvideo]\n"},
    {"hard lockup", "hard lockup in uvc_probe",
     "[   48.2] NMI watchdog: Watchdog detected hard LOCKUP on cpu 0\n"
     "[   48.2] RIP: 0010:uvc_probe+0x51/0x5f0 [uvcvideo]\n"},
    {"workqueue lockup", "BUG: workqueue lockup",
     "[   48.2] BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!\n"},
    {"slab", "slab corruption in uvc_delete",
     "[   21.4] BUG kmalloc-64 (Not tainted): Right Redzone overwritten\n"
     "[   21.4]  dump_stack_lvl+0x44/0x5c\n[   21.4]  check_bytes_and_report.cold+0x72/0x8c\n"
     "[   21.4]  kfree+0x2c2/0x2f0\n[   21.4]  uvc_delete+0x5b/0x1f0 [uvcvideo]\n"},
    {"kernel BUG", "kernel BUG in uvc_queue_next_buffer",
     "[   21.4] ------------[ cut here ]------------\n[   21.4] kernel BUG at mm/slub.c:419!\n"
     "[   21.4] invalid opcode: 0000 [#1] PREEMPT SMP NOPTI\n"
     "[   21.4] RIP: 0010:__slab_free+0x11a/0x2f0\n[   21.4] Call Trace:\n"
     "[   21.4]  kfree+0x75/0x1a0\n[   21.4]  uvc_queue_next_buffer+0x5/0x90 [uvcvideo]\n"},
    {"warning", "WARNING in usb_submit_urb",
     "[   33.1] ------------[ cut here ]------------\n"
     "[   33.1] usb 1-1: BOGUS urb xfer, pipe 1 != type 3\n"
     "[   33.1] WARNING: CPU: 0 PID: 12 at drivers/usb/core/urb.c:503 usb_submit_urb+0x2f1/0x5c0 "
     "[usbcore]\n"},
    {"reference count", "WARNING in uvc_unregister_video",
     "[   33.1] refcount_t: underflow; use-after-free.\n"
     "[   33.1] WARNING: CPU: 0 PID: 12 at lib/refcount.c:28 refcount_warn_saturate+0xba/0x110\n"
     "[   33.1] RIP: 0010:refcount_warn_saturate+0xba/0x110\n[   33.1] Call Trace:\n"
     "[   33.1]  <TASK>\n[   33.1]  ? __warn+0x7d/0xc0\n"
     "[   33.1]  uvc_unregister_video+0x65/0xa0 [uvcvideo]\n"},
    {"lockdep, circular", "lockdep: possible circular locking dependency detected",
     "[   33.1] ======================================================\n"
     "[   33.1] WARNING: possible circular locking dependency detected\n"
     "[   33.1] 6.1.0 #1 Not tainted\n"},
    {"lockdep, recursive", "lockdep: possible recursive locking detected",
     "[   33.1] WARNING: possible recursive locking detected\n"},
    {"lockdep, inversion", "lockdep: possible irq lock inversion dependency detected",
     "[   33.1] INFO: possible irq lock inversion dependency detected\n"},
    {"lockdep, state", "lockdep: inconsistent lock state",
     "[   33.1] WARNING: inconsistent lock state\n"},
    {"lockdep, balance", "lockdep: bad unlock balance",
     "[   33.1] WARNING: bad unlock balance detected!\n"},
    {"lockdep, contention", "lockdep: bad contention",
     "[   33.1] WARNING: bad contention detected!\n"},
    {"lockdep, context", "lockdep: Invalid wait context",
     "[   33.1] =============================\n[   33.1] [ BUG: Invalid wait context ]\n"
     "[   33.1] 6.1.0 #1 Not tainted\n"},
    {"an older lockdep", "lockdep: possible circular locking dependency detected",
     "[   33.1] [ INFO: possible circular locking dependency detected ]\n"},
    {"lockdep, RCU", "lockdep: suspicious RCU usage", "[   33.1] WARNING: suspicious RCU usage\n"},
    {"lockdep, key", "lockdep: non-static key",
     "[   33.1] INFO: trying to register non-static key.\n"},
    {"general protection", "general protection fault in uvc_ctrl_init_device",
     "[   21.4] general protection fault, probably for non-canonical address 0xdffffc0000000002: "
     "0000 [#1] PREEMPT SMP KASAN\n"
     "[   21.4] KASAN: null-ptr-deref in range [0x0000000000000010-0x0000000000000017]\n"
     "[   21.4] RIP: 0010:uvc_ctrl_init_device+0x1f1/0x8c0 [uvcvideo]\n"},
    {"a newer kernel's general protection", "general protection fault in uvc_probe",
     "[   21.4] Oops: general protection fault, probably for non-canonical address "
     "0xdffffc0000000002: 0000 [#1] PREEMPT SMP KASAN NOPTI\n"
     "[   21.4] RIP: 0010:uvc_probe+0x1f1/0x8c0 [uvcvideo]\n"},
    {"a newer kernel's division", "divide error in uvc_probe",
     "[   21.4] Oops: divide error: 0000 [#1] PREEMPT SMP NOPTI\n"
     "[   21.4] RIP: 0010:uvc_probe+0x1f1/0x8c0 [uvcvideo]\n"},
    {"division", "divide error in uvc_try_frame_interval",
     "[   21.4] divide error: 0000 [#1] PREEMPT SMP NOPTI\n"
     "[   21.4] RIP: 0010:uvc_try_frame_interval+0x61/0x80 [uvcvideo]\n"},
    {"opcode", "invalid opcode in uvc_probe",
     "[   21.4] invalid opcode: 0000 [#1] PREEMPT SMP NOPTI\n"
     "[   21.4] RIP: 0010:uvc_probe+0x61/0x80 [uvcvideo]\n"},
    {"stack segment", "stack segment fault in uvc_probe",
     "[   21.4] stack segment: 0000 [#1] PREEMPT SMP NOPTI\n"
     "[   21.4] RIP: 0010:uvc_probe+0x61/0x80 [uvcvideo]\n"},
    {"double fault", "double fault in uvc_scan_chain_forward",
     "[   21.4] traps: PANIC: double fault, error_code: 0x0\n"
     "[   21.4] RIP: 0010:uvc_scan_chain_forward+0x61/0x80 [uvcvideo]\n"},
    {"oops", "oops in uvc_probe",
     "[   21.4] Oops: 0002 [#1] PREEMPT SMP NOPTI\n"
     "[   21.4] RIP: 0010:uvc_probe+0x61/0x80 [uvcvideo]\n"},
    {"arm's oops", "oops in uvc_probe",
     "[   21.4] Internal error: Oops: 96000004 [#1] SMP\n[   21.4] pc : uvc_probe+0x61/0x80\n"},
    {"hung task", "hung task in usb_kill_urb",
     "[  242.1] INFO: task kworker/0:1:12 blocked for more than 120 seconds.\n"
     "[  242.1]       Not tainted 6.1.0-41-amd64 #1 Debian 6.1.158-1\n"
     "[  242.1] task:kworker/0:1     state:D stack:0     pid:12    ppid:2      flags:0x00004000\n"
     "[  242.1] Workqueue: usb_hub_wq hub_event [usbcore]\n[  242.1] Call Trace:\n"
     "[  242.1]  <TASK>\n[  242.1]  __schedule+0x34d/0x9e0\n[  242.1]  schedule+0x5a/0xd0\n"
     "[  242.1]  usb_kill_urb+0x8f/0xc0 [usbcore]\n"},
    {"arm's hung task", "hung task in hub_event",
     "[  243.6] INFO: task kworker/1:0:19 blocked for more than 120 seconds.\n"
     "[  243.6]       Not tainted 6.1.0 #1\n[  243.6] Call trace:\n"
     "[  243.6]  __switch_to+0x74/0x98\n[  243.6]  __schedule+0x234/0x838\n"
     "[  243.6]  schedule+0x30/0x88\n[  243.6]  rwsem_down_write_slowpath+0x2f1/0x5c0\n"
     "[  243.6]  mutex_lock+0x54/0x58\n[  243.6]  hub_event+0x54/0x3d0\n"},
    {"a smaller arm's hung task", "hung task in usb_sg_wait",
     "[  243.7] INFO: task usb-storage:352 blocked for more than 120 seconds.\n"
     "[  243.7] [<c0398690>] (__schedule+0x2c4/0x5b0) from [<c03973d0>] "
     "(schedule_timeout+0x158/0x1e0)\n"
     "[  243.7] [<c0398b3c>] (wait_for_common) from [<c02a1090>] (usb_sg_wait+0x144/0x198)\n"},
    {"RCU stall", "RCU stall in uvc_parse_control",
     "[   81.0] rcu: INFO: rcu_preempt self-detected stall on CPU\n"
     "[   81.0] rcu:         0-....: (5249 ticks this GP) idle=f2c4/1/0x4000000000000000\n"
     "[   81.0] RIP: 0010:uvc_parse_control+0x10/0x50 [uvcvideo]\n"},
    {"RCU stall of others", "RCU stall",
     "[   81.0] rcu: INFO: rcu_sched detected stalls on CPUs/tasks:\n"},
    {"panic", "panic: sysrq triggered crash",
     "[    9.1] sysrq: Trigger a crash\n[    9.1] Kernel panic - not syncing: sysrq triggered "
     "crash\n"
     "[    9.1] CPU: 0 PID: 1 Comm: init Not tainted 6.1.0 #1\n"},
    {"panic, stack", "panic: stack-protector in uvc_probe",
     "[    9.1] Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: "
     "uvc_probe+0x1c7/0x380 [uvcvideo]\n"},
    {"memory leak", "kmemleak: memory leak",
     "[  605.1] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)\n"},
    {"memory leak, in detail", "kmemleak: memory leak",
     "unreferenced object 0xffff888006a5f4c0 (size 64):\n"},
    {"with a caller's number", "WARNING in usb_submit_urb",
     "[   33.105555][   T12] WARNING: CPU: 0 PID: 12 at drivers/usb/core/urb.c:503 "
     "usb_submit_urb+0x2f1/0x5c0\n"},
    {"kasan, as printed", "KASAN: slab-out-of-bounds in uvc_probe",
     "[  619.781012] ==================================================================\n"
     "[  619.781177] BUG: KASAN: slab-out-of-bounds in uvc_probe+0x5d7a/0x6df0\n"
     "[  619.781453] Write of size 1 at addr ffff888002d58628 by task kworker/0:3/55\n"
     "[  619.781672] \n"
     "[  619.781788] CPU: 0 PID: 55 Comm: kworker/0:3 Tainted: G             L     6.1.192 #8 \n"
     "[  619.782054] Workqueue: usb_hub_wq hub_event\n"
     "[  619.782324] Call Trace:\n"
     "[  619.782449]  <TASK>\n"
     "[  619.782571]  dump_stack_lvl+0x1f/0x2c\n"
     "[  619.782817]  print_report+0x15f/0x450\n"
     "[  619.783088]  ? kasan_complete_mode_report_info+0x3c/0x1b0\n"
     "[  619.783387]  kasan_report+0xce/0x100\n"
     "[  619.783626]  ? uvc_probe+0x5d7a/0x6df0\n"
     "[  619.783877]  ? uvc_probe+0x5d7a/0x6df0\n"
     "[  619.784133]  __asan_report_store1_noabort+0x17/0x20\n"
     "[  619.784424]  uvc_probe+0x5d7a/0x6df0\n"},
    {"warning, as printed", "WARNING in vb2_core_reqbufs",
     "[  886.629717] ------------[ cut here ]------------\n"
     "[  886.629849] WARNING: CPU: 0 PID: 1 at drivers/media/common/videobuf2/videobuf2-core.c:845 "
     "vb2_core_reqbufs+0x424/0xd20\n"
     "[  886.630194] CPU: 0 PID: 1 Comm: init Tainted: G             L     6.1.192 #8 \n"
     "[  886.630443] RIP: 0010:vb2_core_reqbufs+0x424/0xd20\n"},
    {"general protection, as printed", "general protection fault in uvc_probe",
     "[  311.269630] general protection fault, probably for non-canonical address "
     "0xdffffc0000000002: 0000 [#1] KASAN\n"
     "[  311.269884] KASAN: null-ptr-deref in range [0x0000000000000010-0x0000000000000017]\n"
     "[  311.270099] CPU: 0 PID: 13 Comm: kworker/0:1 Tainted: G             L     6.1.192 #8 \n"
     "[  311.270363] Workqueue: usb_hub_wq hub_event\n"
     "[  311.270632] RIP: 0010:uvc_probe+0x34b8/0x6df0\n"
     "[  311.271217] RSP: 0018:ffff88800083f138 EFLAGS: 00000202\n"},
    {"ubsan, as printed", "UBSAN: array-index-out-of-bounds in usb_get_configuration",
     "[  103.630381] "
     "================================================================================\n"
     "[  103.630559] UBSAN: array-index-out-of-bounds in "
     "../linux/drivers/usb/core/config.c:757:38\n"
     "[  103.630783] index 16 is out of range for type 'u8 [16]'\n"
     "[  103.630961] CPU: 0 PID: 13 Comm: kworker/0:1 Tainted: G             L     6.1.192 #15 \n"
     "[  103.631226] Workqueue: usb_hub_wq hub_event\n"
     "[  103.631496] Call Trace:\n"
     "[  103.631618]  <TASK>\n"
     "[  103.631740]  dump_stack_lvl+0x1f/0x2c\n"
     "[  103.631985]  dump_stack+0x10/0x12\n"
     "[  103.632221]  ubsan_epilogue+0x9/0x31\n"
     "[  103.632435]  __ubsan_handle_out_of_bounds.cold+0x42/0x47\n"
     "[  103.632695]  usb_get_configuration+0xe1a/0x1060\n"
     "[  103.632968]  ? usb_destroy_configuration+0x6b0/0x6b0\n"},
    {"an older UBSAN", "UBSAN: undefined behaviour in uvc_parse_format",
     "[   21.4] UBSAN: Undefined behaviour in drivers/media/usb/uvc/uvc_driver.c:500:12\n"
     "[   21.4] shift exponent 255 is too large for 32-bit type 'int'\n[   21.4] Call Trace:\n"
     "[   21.4]  dump_stack+0x67/0x9b\n[   21.4]  ubsan_epilogue+0x9/0x40\n"
     "[   21.4]  uvc_parse_format.cold+0x12/0x34 [uvcvideo]\n"},
    {"an older page fault", "unable to handle kernel paging request in uvc_scan_chain",
     "[   21.4] BUG: unable to handle kernel paging request at ffffc90000a1f000\n"
     "[   21.4] RIP: 0010:uvc_scan_chain+0x7a/0x210 [uvcvideo]\n"},
    {"lockdep, order", "lockdep: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected",
     "[   33.1] WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected\n"},
    {"lockdep, held", "lockdep: locks are still held",
     "[   33.1] WARNING: kworker/0:1/12 still has locks held!\n"},
    {"MIPS' oops", "oops", "[   21.4] Oops[#1]:\n"},
    {"RISC-V's oops", "oops", "[   21.4] Oops - illegal instruction [#1]\n"},
    {"a newest kernel's oops", "oops in uvc_probe",
     "[   21.4] Oops: Oops: 0002 [#1] PREEMPT SMP NOPTI\n"
     "[   21.4] RIP: 0010:uvc_probe+0x61/0x80 [uvcvideo]\n"},
    {"a newest kernel's warning", "WARNING: drivers/usb/core/urb.c in usb_submit_urb",
     "[   33.1] WARNING: drivers/usb/core/urb.c:503 at usb_submit_urb+0x2f1/0x5c0, CPU#0: k/12\n"},
    {"breakpoint", "int3 in uvc_probe",
     "[   21.4] int3: 0000 [#1] PREEMPT SMP\n[   21.4] RIP: 0010:uvc_probe+0x61/0x80\n"},
    {"a newer hung task", "hung task in hub_event",
     "[  243.6] INFO: task kworker/1:0:19 blocked in I/O wait for more than 122 seconds.\n"
     "[  243.6]  schedule+0x30/0x88\n[  243.6]  hub_event+0x54/0x3d0\n"},
    {"memory", "out of memory",
     "[   61.0] init invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
     "[   61.0] Out of memory: Killed process 71 (init) total-vm:1052kB, anon-rss:88kB\n"
     "[   61.1] usb 1-1: uvc_probe+0x61/0x80\n"},
    {"who is no library's routine", "WARNING in update_port_device_state",
     "[   33.1] WARNING: CPU: 0 PID: 12 at drivers/usb/core/hub.c:4 "
     "update_port_device_state+0x2f1/0x5c0\n[   33.1]  hub_port_connect+0x1/0x2\n"},
    {"behind a prompt", "hung task in hub_event",
     "debian login: [  243.6] INFO: task kworker/1:0:19 blocked for more than 120 seconds.\n"
     "[  243.6]  hub_event+0x54/0x3d0\n"},
    {"with carriage returns", "oops in uvc_probe",
     "[   21.4] Oops: 0002 [#1] SMP\r\n[   21.4] RIP: 0010:uvc_probe+0x61/0x80 [uvcvideo]\r\n"},
};

static void test_excerpt(gconstpointer data)
{
    const Excerpt *excerpt = data;
    g_autofree char *title = fuzz_console_find(excerpt->text, NULL);

    g_assert_cmpstr(title, ==, excerpt->title);
}

/* What is particular to one run is not in a title. */
static void test_stable(void)
{
    static const char *const runs[] = {
        "[   12.1] BUG: unable to handle page fault for address: ffffc90000a1f000\n"
        "[   12.2] RIP: 0010:uvc_probe+0x61/0x80 [uvcvideo]\n",
        "[ 9912.1] BUG: unable to handle page fault for address: ffff888012345678\n"
        "[ 9912.2] RIP: 0010:uvc_probe.cold+0x7/0x95 [uvcvideo]\n"};
    g_autofree char *first = fuzz_console_find(runs[0], NULL);
    g_autofree char *second = fuzz_console_find(runs[1], NULL);

    g_assert_cmpstr(first, ==, second);
}

/* What one function has of one title is told apart by where in it; what a watchdog saw is not. */
static void test_places(void)
{
    static const struct {
        const char *text, *place;
    } rows[] = {
        {"[   12.1] BUG: KASAN: slab-out-of-bounds in uvc_probe+0x8e1/0x1460 [uvcvideo]\n",
         "uvc_probe+0x8e1/0x1460"},
        {"[   12.1] BUG: KASAN: use-after-free in memcpy+0x1f/0x40\n"
         "[   12.2]  uvc_probe.part.0+0x12/0x34 [uvcvideo]\r\n",
         "uvc_probe.part.0+0x12/0x34"},
        {"[   33.1] WARNING: CPU: 0 PID: 12 at drivers/usb/core/urb.c:503 "
         "usb_submit_urb+0x2f1/0x5c0 [usbcore]\n",
         "usb_submit_urb+0x2f1/0x5c0"},
        {"[   21.4] Oops: 0002 [#1] SMP\n[   21.4] RIP: 0010:uvc_probe+0x61/0x80", /* no end */
         "uvc_probe+0x61/0x80"},
        {"[   12.1] Internal error: Oops: 817 [#6] ARM\n"
         "[   12.1] [<c0398b3c>] (usb_sg_wait+0x144/0x198) from [<c02a1090>] (f+0x1/0x2)\n",
         "usb_sg_wait+0x144/0x198"},
        {"[   12.1] BUG: KASAN: slab-out-of-bounds in somewhere\n", NULL},
        {"[   48.2] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [kworker/0:1:12]\n"
         "[   48.2] RIP: 0010:uvc_parse_vendor_control+0x51/0x5f0 [uvcvideo]\n",
         NULL},
        {"[   33.1] usb 1-1: all is well at uvc_probe+0x61/0x80\n", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *place = (char *)"left from before";
        g_free(fuzz_console_find(rows[i].text, &place));
        g_assert_cmpstr(place, ==, rows[i].place);
        g_free(place);
    }
}

static const char *const good[] = {
    "",
    "\n\n",
    "[",
    "[   12.1",
    "[    0.000000] Linux version 6.1.0 (debian-kernel@lists.debian.org)",
    "[    1.000000] x86/mm: Checked W+X mappings: passed, no W+X pages found.",
    "[    1.200000] rcu: Hierarchical SRCU implementation.",
    "[    1.300000] rcu: INFO: rcu_tasks: Running RCU self tests",
    "[    1.300000] NMI watchdog: Perf NMI watchdog permanently disabled",
    "[    2.000000] kmemleak: Kernel memory leak detector initialized (mem pool available: 15679)",
    "[    3.000000] usb 1-1: Product: BUG: KASAN: slab-out-of-bounds in f+0x1/0x2",
    "[    3.000000] usb 1-1: config 1 has an invalid interface number: 7 but max is 1",
    "[    3.000000] usb 1-1: device descriptor read/64, error -110",
    "[    3.000000] uvcvideo 1-1:1.1: UVC non compliance: the max payload size (3060) exceeds 0.",
    "[    3.000000] usb 1-1: Failed to query (GET_INFO) UVC control 1 on unit 2: -110 (exp. 1).",
    "[    3.000000] systemd[1]: WARNING: something of user space",
    "[    3.000000] WARNING: no such thing",
    "[    3.000000] INFO: task done",
    "[    3.000000] BUG: MAX_LOCKDEP_ENTRIES too low!",
    "[    3.000000] WARNING: kernel stack regs at 0000000052f0e1a5 in init:1 has bad 'bp' value 0",
    "[    3.000000] WARNING: stack going in the wrong direction? at uvc_probe+0x61/0x80",
    "[    3.000000] WARNING: can't access registers at asm_exc_page_fault+0x22/0x30",
    "[    3.000000] Memory cgroup out of memory: Killed process 71 (cat) total-vm:1052kB",
    "[    3.000000] page_owner is disabled",
    "[    3.000000] usb 1-1: Product: [    2.0] BUG: KASAN: slab-out-of-bounds in f+0x1/0x2",
    "login: [    3.000000] usb 1-1: Product: [    2.0] Oops: 0002 [#1]",
    "the disk [8.5 GB] is full: [",
};

static void test_good(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *title = fuzz_console_find(good[i], NULL);
        g_assert_cmpstr(title, ==, NULL);
    }
}

/* However a console ends or whatever it says: titles are short, and nothing is read beyond. */
static void test_any_text(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(excerpts); i++)
        for (gsize n = strlen(excerpts[i].text); n--;) {
            g_autofree char *text = g_strndup(excerpts[i].text, n);
            g_autofree char *title = fuzz_console_find(text, NULL);
            g_assert_true(!title || strlen(title) <= 160);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(excerpts); i++) {
        g_autofree char *path = g_strdup_printf("/console/%s", excerpts[i].name);
        g_test_add_data_func(path, &excerpts[i], test_excerpt);
    }
    g_test_add_func("/console/the same in each run", test_stable);
    g_test_add_func("/console/places", test_places);
    g_test_add_func("/console/good days", test_good);
    g_test_add_func("/console/any text", test_any_text);
    return g_test_run();
}
