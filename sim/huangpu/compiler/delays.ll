; What comes out of fixed delays, the same for all models: a string.Template as rows.ll is. See driver.ll for the job.
; @delay_rows has three rows a delay: its value, the number of steps it holds back, what went in at the step before.
; Behind the noises' rows each delay has a row whose first 8 bytes are an i64, how many rows its ring has for this block,
; and the ring: row s mod size is what went in at step s. The ring is as long as the block's longest delay, so that what
; short delays need stays in the processor's cache whatever room the run's longest possible delay was given.

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare i64 @llvm.fptosi.sat.i64.f64(double)
declare i64 @llvm.smax.i64(i64, i64)

; the longest delay of the block, at least 1 and at most %room
define internal i64 @longest(ptr %steps, i64 %room) {
entry:
  %b = load i64, ptr @block
  br label %loop
loop:
  %j = phi i64 [ 0, %entry ], [ %next, %loop ]
  %most = phi i64 [ 1, %entry ], [ %more, %loop ]
  %p = getelementptr $real, ptr %steps, i64 %j
  %r = load $real, ptr %p
  %v = $widen $real %r to double
  %n = call i64 @llvm.fptosi.sat.i64.f64(double %v)
  %more = call i64 @llvm.smax.i64(i64 %most, i64 %n)
  %next = add i64 %j, 1
  %again = icmp ult i64 %next, %b
  br i1 %again, label %loop, label %done
done:
  %size = call i64 @llvm.umin.i64(i64 %more, i64 %room)
  ret i64 %size
}

; value[j] = what went in steps[j] ago, where that is not before the start; a nan never comes out
define internal void @emerge(ptr noalias %value, ptr noalias %steps, ptr noalias %ring, i64 %size, i64 %step) noinline {
entry:
  %b = load i64, ptr @block
  %now = uitofp i64 %step to double
  br label %loop
loop:
  %j = phi i64 [ 0, %entry ], [ %next, %end ]
  %p = getelementptr $real, ptr %steps, i64 %j
  %r = load $real, ptr %p
  %v = $widen $real %r to double
  %due = fcmp ole double %v, %now
  br i1 %due, label %read, label %end
read:
  %n = fptosi double %v to i64
  %then = sub i64 %step, %n
  %slot = urem i64 %then, %size
  %line = mul i64 %slot, %b
  %at = add i64 %line, %j
  %from = getelementptr $real, ptr %ring, i64 %at
  %x = load $real, ptr %from
  %to = getelementptr $real, ptr %value, i64 %j
  store $real %x, ptr %to
  br label %end
end:
  %next = add i64 %j, 1
  %again = icmp ult i64 %next, %b
  br i1 %again, label %loop, label %done
done:
  ret void
}

; before a step: into each ring what the step before gave it, out of it what is due
define internal void @recall(ptr %job, ptr %space, i64 %first, i64 %step) {
entry:
  %rings = call ptr @link(ptr %job, i64 12)
  %b = load i64, ptr @block
  %bytes = mul i64 %b, $bytes
  %n = load i64, ptr @delays
  %begun = icmp ne i64 %step, 0
  br i1 %begun, label %one, label %done
one:
  %k = phi i64 [ 0, %entry ], [ %k.next, %turn ]
  %at = mul i64 %k, 3
  %at1 = add i64 %at, 1
  %at2 = add i64 %at, 2
  %value.row = call i64 @word(ptr @delay_rows, i64 %at)
  %steps.row = call i64 @word(ptr @delay_rows, i64 %at1)
  %taken.row = call i64 @word(ptr @delay_rows, i64 %at2)
  %value = call ptr @row(ptr %space, i64 %value.row)
  %steps = call ptr @row(ptr %space, i64 %steps.row)
  %taken = call ptr @row(ptr %space, i64 %taken.row)
  %pair = mul i64 %k, 2
  %pair1 = add i64 %pair, 1
  %size.row = call i64 @word(ptr %rings, i64 %pair)
  %room = call i64 @word(ptr %rings, i64 %pair1)
  %ring.row = add i64 %size.row, 1
  %size.at = call ptr @row(ptr %space, i64 %size.row)
  %ring = call ptr @row(ptr %space, i64 %ring.row)
  %fresh = icmp eq i64 %step, 1
  br i1 %fresh, label %measure, label %turn
measure:
  %measured = call i64 @longest(ptr %steps, i64 %room)
  store i64 %measured, ptr %size.at
  br label %turn
turn:
  %size = load i64, ptr %size.at
  %before = sub i64 %step, 1
  %slot = urem i64 %before, %size
  %put = call ptr @row(ptr %ring, i64 %slot)
  call void @llvm.memcpy.p0.p0.i64(ptr %put, ptr %taken, i64 %bytes, i1 false)
  call void @emerge(ptr %value, ptr %steps, ptr %ring, i64 %size, i64 %step)
  %k.next = add i64 %k, 1
  %third = mul i64 %k.next, 3
  %more = icmp ult i64 %third, %n
  br i1 %more, label %one, label %done
done:
  ret void
}
