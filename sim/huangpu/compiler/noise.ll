; Noise on driven constants, the same for all models; see driver.ll for the job and the workspace, noise.py for the draws.

; number %k of {address, stride by member} in a noise, into a row
define internal void @noise_row(ptr %job, ptr %noise, i64 %k, ptr %to, i64 %first) {
  %members = call i64 @word(ptr %job, i64 0)
  %at = mul i64 %k, 2
  %at3 = add i64 %at, 3
  %at4 = add i64 %at, 4
  %from = call ptr @link(ptr %noise, i64 %at3)
  %stride = call i64 @word(ptr %noise, i64 %at4)
  call void @gather(ptr %to, ptr %from, i64 %stride, i64 %first, i64 %members)
  ret void
}

; after @drive: every noise onto its driven constant's row
define internal void @$name(ptr %job, ptr %space, i64 %first, i64 %step) {
entry:
  %n = call i64 @word(ptr %job, i64 10)
  %any = icmp ne i64 %n, 0
  br i1 %any, label %begin, label %done
begin:
  %noises = call ptr @link(ptr %job, i64 11)
  %base = call i64 @word(ptr %job, i64 9)
  %member = add i64 %base, %first
  %pair = lshr i64 %step, 1
  %odd.bit = and i64 %step, 1
  %odd = icmp ne i64 %odd.bit, 0
  %offsets = call ptr @link(ptr %job, i64 4)
  %driven = load i64, ptr @drivens
  %terms = call i64 @word(ptr %offsets, i64 %driven)
  %rows = load i64, ptr @rows
  %row0 = add i64 %rows, %terms
  br label %one
one:
  %k = phi i64 [ 0, %begin ], [ %k.next, %add ]
  %at = mul i64 %k, 9
  %noise = getelementptr i64, ptr %noises, i64 %at
  %skip = mul i64 %k, 5
  %row = add i64 %row0, %skip
  %even.draw = call ptr @row(ptr %space, i64 %row)
  %row1 = add i64 %row, 1
  %odd.draw = call ptr @row(ptr %space, i64 %row1)
  %row2 = add i64 %row, 2
  %state = call ptr @row(ptr %space, i64 %row2)
  %row3 = add i64 %row, 3
  %keep = call ptr @row(ptr %space, i64 %row3)
  %row4 = add i64 %row, 4
  %push = call ptr @row(ptr %space, i64 %row4)
  switch i64 %step, label %draw [ i64 0, label %start i64 1, label %second ]
start:
  call void @clear(ptr %state)
  call void @noise_row(ptr %job, ptr %noise, i64 0, ptr %keep, i64 %first)
  call void @noise_row(ptr %job, ptr %noise, i64 1, ptr %push, i64 %first)
  br label %draw
second:
  call void @noise_row(ptr %job, ptr %noise, i64 2, ptr %push, i64 %first)
  br label %draw
draw:
  br i1 %odd, label %add, label %fresh
fresh:
  %seed = call i64 @word(ptr %noise, i64 1)
  %stream = call i64 @word(ptr %noise, i64 2)
  call void @noise.draw(ptr %even.draw, ptr %odd.draw, i64 %member, i64 %pair, i64 %seed, i64 %stream)
  br label %add
add:
  %drawn = select i1 %odd, ptr %odd.draw, ptr %even.draw
  %d = call i64 @word(ptr %noise, i64 0)
  %to.row = call i64 @word(ptr @driven_rows, i64 %d)
  %to = call ptr @row(ptr %space, i64 %to.row)
  call void @shake(ptr %to, ptr %state, ptr %drawn, ptr %keep, ptr %push)
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %n
  br i1 %more, label %one, label %done
done:
  ret void
}
