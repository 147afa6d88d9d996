; The part of every kernel that is the same for all models: it moves blocks of members through the steps.
; noise.ll has @disturb, rows.ll what touches rows; llvm.py prints the other part: @block, the constants, @initial, @step, @advance.
;
; Arrays are double unless said, lookups and workspace of the kernel's precision; strides count elements; "address" is a pointer kept in an i64.
; job, an array of i64:
;   0 members   1 steps   2 address of the clock, {time, length} of each step, the end's too
;   3 address of the parameters, {address, stride by member} for each constant
;   4 address of the i64 offsets of each driven constant's first term, and their number at the end
;   5 address of the terms, {profile address, stride by step, weight address, stride by step, stride by member} each
;   6 address of the lookups, each xs, ys, slopes
;   7 number of savings   8 address of the savings, {number of rows, address of the i64 rows, address of the i64 slot by
;     step or -1, address of the i64 flag by step "first of its slot", address of the weight by step, output, slots} each
;   9 number that noise knows the first member by
;   10 number of noises   11 address of the noises, {number of the driven constant, seed, stream, then of keep, of start
;     and of push the address and the stride by member} each
;   12 address of the rings of the delays, {its first row, most steps that it may hold} each, see delays.ll
;   13 the run's seed, and 14 the number that the first step has, for random functions
; A driven constant is the sum over its terms, in order, of profile[step] * weight[step, member], plus its noise:
; a state that starts as start * draw and becomes keep * state + push * draw at each later step.
; Workspace: [row][block], then the terms' weights [term][block], then five rows [row][block] a noise: the draws of an
; even and of the odd step after it, state, keep, and start or push; then the rings.

declare i64 @llvm.umin.i64(i64, i64)

define i64 @huangpu_block() {
  %b = load i64, ptr @block
  ret i64 %b
}

define i64 @huangpu_rows() {
  %r = load i64, ptr @rows
  ret i64 %r
}

; word %k of an array of i64, as number and as address
define internal i64 @word(ptr %array, i64 %k) alwaysinline {
  %p = getelementptr i64, ptr %array, i64 %k
  %v = load i64, ptr %p
  ret i64 %v
}

define internal ptr @link(ptr %array, i64 %k) alwaysinline {
  %v = call i64 @word(ptr %array, i64 %k)
  %p = inttoptr i64 %v to ptr
  ret ptr %p
}

define internal void @parameters(ptr %job, ptr %space, i64 %first) {
entry:
  %members = call i64 @word(ptr %job, i64 0)
  %table = call ptr @link(ptr %job, i64 3)
  %n = load i64, ptr @constants
  br label %test
test:
  %c = phi i64 [ 0, %entry ], [ %next, %body ]
  %more = icmp ult i64 %c, %n
  br i1 %more, label %body, label %done
body:
  %row = call i64 @word(ptr @constant_rows, i64 %c)
  %to = call ptr @row(ptr %space, i64 %row)
  %k = mul i64 %c, 2
  %k1 = add i64 %k, 1
  %from = call ptr @link(ptr %table, i64 %k)
  %stride = call i64 @word(ptr %table, i64 %k1)
  call void @gather(ptr %to, ptr %from, i64 %stride, i64 %first, i64 %members)
  %next = add i64 %c, 1
  br label %test
done:
  ret void
}

; term %k's weights at %step into the workspace
define internal void @weigh(ptr %job, ptr %space, i64 %first, i64 %step, i64 %k) {
  %members = call i64 @word(ptr %job, i64 0)
  %terms = call ptr @link(ptr %job, i64 5)
  %at = mul i64 %k, 5
  %at2 = add i64 %at, 2
  %at3 = add i64 %at, 3
  %at4 = add i64 %at, 4
  %start = call ptr @link(ptr %terms, i64 %at2)
  %by.step = call i64 @word(ptr %terms, i64 %at3)
  %by.member = call i64 @word(ptr %terms, i64 %at4)
  %skip = mul i64 %step, %by.step
  %from = getelementptr double, ptr %start, i64 %skip
  %rows = load i64, ptr @rows
  %row = add i64 %rows, %k
  %to = call ptr @row(ptr %space, i64 %row)
  call void @gather(ptr %to, ptr %from, i64 %by.member, i64 %first, i64 %members)
  ret void
}

define internal void @weigh_all(ptr %job, ptr %space, i64 %first) {
entry:
  %offsets = call ptr @link(ptr %job, i64 4)
  %driven = load i64, ptr @drivens
  %n = call i64 @word(ptr %offsets, i64 %driven)
  br label %test
test:
  %k = phi i64 [ 0, %entry ], [ %next, %body ]
  %more = icmp ult i64 %k, %n
  br i1 %more, label %body, label %done
body:
  call void @weigh(ptr %job, ptr %space, i64 %first, i64 0, i64 %k)
  %next = add i64 %k, 1
  br label %test
done:
  ret void
}

define internal void @drive(ptr %job, ptr %space, i64 %first, i64 %step) {
entry:
  %offsets = call ptr @link(ptr %job, i64 4)
  %terms = call ptr @link(ptr %job, i64 5)
  %rows = load i64, ptr @rows
  %n = load i64, ptr @drivens
  br label %each
each:
  %d = phi i64 [ 0, %entry ], [ %d.next, %each.next ]
  %left = icmp ult i64 %d, %n
  br i1 %left, label %one, label %done
one:
  %row = call i64 @word(ptr @driven_rows, i64 %d)
  %to = call ptr @row(ptr %space, i64 %row)
  %d.next = add i64 %d, 1
  %k0 = call i64 @word(ptr %offsets, i64 %d)
  %k1 = call i64 @word(ptr %offsets, i64 %d.next)
  %k0.next = add i64 %k0, 1
  %single = icmp eq i64 %k1, %k0.next
  %begun = icmp ne i64 %step, 0
  %maybe = and i1 %single, %begun
  br i1 %maybe, label %look, label %test
look: ; one term that does not move: the row holds its value since the first step
  %look.at = mul i64 %k0, 5
  %look.at1 = add i64 %look.at, 1
  %look.at3 = add i64 %look.at, 3
  %stride = call i64 @word(ptr %terms, i64 %look.at1)
  %stride.weight = call i64 @word(ptr %terms, i64 %look.at3)
  %moving = or i64 %stride, %stride.weight
  %still = icmp eq i64 %moving, 0
  br i1 %still, label %each.next, label %test
test:
  %k = phi i64 [ %k0, %one ], [ %k0, %look ], [ %k.next, %add ]
  %more = icmp ult i64 %k, %k1
  br i1 %more, label %term, label %each.next
term:
  %at = mul i64 %k, 5
  %at1 = add i64 %at, 1
  %at3 = add i64 %at, 3
  %moves = call i64 @word(ptr %terms, i64 %at3)
  %fixed = icmp eq i64 %moves, 0
  br i1 %fixed, label %add, label %reload
reload:
  call void @weigh(ptr %job, ptr %space, i64 %first, i64 %step, i64 %k)
  br label %add
add:
  %profiles = call ptr @link(ptr %terms, i64 %at)
  %by.step = call i64 @word(ptr %terms, i64 %at1)
  %skip = mul i64 %step, %by.step
  %p = getelementptr double, ptr %profiles, i64 %skip
  %profile = load double, ptr %p
  %weight.row = add i64 %rows, %k
  %weight = call ptr @row(ptr %space, i64 %weight.row)
  %start = icmp eq i64 %k, %k0
  call void @add_term(ptr %to, ptr %weight, double %profile, i1 %start)
  %k.next = add i64 %k, 1
  br label %test
each.next:
  br label %each
done:
  ret void
}

define internal void @save(ptr %job, ptr %space, i64 %first, i64 %step) {
entry:
  %members = call i64 @word(ptr %job, i64 0)
  %n = call i64 @word(ptr %job, i64 7)
  %savings = call ptr @link(ptr %job, i64 8)
  %b = load i64, ptr @block
  %left = sub i64 %members, %first
  %count = call i64 @llvm.umin.i64(i64 %b, i64 %left)
  br label %each
each:
  %s = phi i64 [ 0, %entry ], [ %s.next, %each.next ]
  %more = icmp ult i64 %s, %n
  br i1 %more, label %one, label %done
one:
  %s.next = add i64 %s, 1
  %at = mul i64 %s, 7
  %saving = getelementptr i64, ptr %savings, i64 %at
  %slot.of = call ptr @link(ptr %saving, i64 2)
  %slot = call i64 @word(ptr %slot.of, i64 %step)
  %wanted = icmp sge i64 %slot, 0
  br i1 %wanted, label %begin, label %each.next
begin:
  %names = call i64 @word(ptr %saving, i64 0)
  %rows = call ptr @link(ptr %saving, i64 1)
  %fresh.of = call ptr @link(ptr %saving, i64 3)
  %fresh.word = call i64 @word(ptr %fresh.of, i64 %step)
  %fresh = icmp ne i64 %fresh.word, 0
  %weights = call ptr @link(ptr %saving, i64 4)
  %weight.at = getelementptr double, ptr %weights, i64 %step
  %weight = load double, ptr %weight.at
  %out = call ptr @link(ptr %saving, i64 5)
  %slots = call i64 @word(ptr %saving, i64 6)
  br label %test
test:
  %k = phi i64 [ 0, %begin ], [ %k.next, %name.next ]
  %name.more = icmp ult i64 %k, %names
  br i1 %name.more, label %name, label %each.next
name:
  %row = call i64 @word(ptr %rows, i64 %k)
  %from = call ptr @row(ptr %space, i64 %row)
  %line0 = mul i64 %k, %slots
  %line = add i64 %line0, %slot
  %cell0 = mul i64 %line, %members
  %cell = add i64 %cell0, %first
  %to = getelementptr double, ptr %out, i64 %cell
  br i1 %fresh, label %store, label %add
store:
  call void @put(ptr %to, ptr %from, double %weight, i64 %count)
  br label %name.next
add:
  call void @put_more(ptr %to, ptr %from, double %weight, i64 %count)
  br label %name.next
name.next:
  %k.next = add i64 %k, 1
  br label %test
each.next:
  br label %each
done:
  ret void
}

; one block of members, from %first on, through all steps
define internal void @move_block(ptr %job, ptr %space, i64 %first) {
entry:
  %steps = call i64 @word(ptr %job, i64 1)
  %clock = call ptr @link(ptr %job, i64 2)
  %lookups = call ptr @link(ptr %job, i64 6)
  call void @parameters(ptr %job, ptr %space, i64 %first)
  call void @weigh_all(ptr %job, ptr %space, i64 %first)
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %forward ]
  %i.next = add i64 %i, 1
  %tick = mul i64 %i, 2
  %time.at = getelementptr double, ptr %clock, i64 %tick
  %dt.at = getelementptr double, ptr %time.at, i64 1
  %time = load double, ptr %time.at
  %dt = load double, ptr %dt.at
  call void @drive(ptr %job, ptr %space, i64 %first, i64 %i)
  call void @disturb(ptr %job, ptr %space, i64 %first, i64 %i)
  %begin = icmp eq i64 %i, 0
  br i1 %begin, label %start, label %now
start:
  call void @initial(ptr %space, ptr %lookups, double %time, double %dt)
  br label %now
now:
  call void @step(ptr %space, ptr %lookups, double %time, double %dt)
  call void @save(ptr %job, ptr %space, i64 %first, i64 %i)
  %end = icmp eq i64 %i, %steps
  br i1 %end, label %done, label %forward
forward:
  call void @advance(ptr %space, ptr %lookups, double %time, double %dt)
  br label %loop
done:
  ret void
}

define void @huangpu_run(ptr %job, ptr %space, i64 %from, i64 %to) {
entry:
  %b = load i64, ptr @block
  br label %test
test:
  %k = phi i64 [ %from, %entry ], [ %next, %body ]
  %more = icmp ult i64 %k, %to
  br i1 %more, label %body, label %done
body:
  %first = mul i64 %k, %b
  call void @move_block(ptr %job, ptr %space, i64 %first)
  %next = add i64 %k, 1
  br label %test
done:
  ret void
}
