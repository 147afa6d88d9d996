; What touches the workspace's rows, for kernels of either precision: a string.Template. $real is double or float;
; $narrow and $widen turn a double into it and back (for doubles they are bitcast, which does nothing).

declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

define internal ptr @row(ptr %space, i64 %row) alwaysinline {
  %b = load i64, ptr @block
  %at = mul i64 %row, %b
  %p = getelementptr $real, ptr %space, i64 %at
  ret ptr %p
}

; to[j] = from[member first + j]; places past the last member repeat it, so that nothing foreign is ever computed
define internal void @gather(ptr noalias %to, ptr noalias %from, i64 %stride, i64 %first, i64 %members) noinline {
entry:
  %b = load i64, ptr @block
  %last = sub i64 %members, 1
  br label %loop
loop:
  %j = phi i64 [ 0, %entry ], [ %next, %loop ]
  %here = add i64 %first, %j
  %m = call i64 @llvm.umin.i64(i64 %here, i64 %last)
  %at = mul i64 %m, %stride
  %p = getelementptr double, ptr %from, i64 %at
  %v = load double, ptr %p
  %n = $narrow double %v to $real
  %q = getelementptr $real, ptr %to, i64 %j
  store $real %n, ptr %q
  %next = add i64 %j, 1
  %more = icmp ult i64 %next, %b
  br i1 %more, label %loop, label %done
done:
  ret void
}

; to[j] = (start ? 0 : to[j] +) profile * weight[j]; the first term is stored, not added to 0
define internal void @add_term(ptr noalias %to, ptr noalias %weight, double %given, i1 %start) {
entry:
  %b = load i64, ptr @block
  %profile = $narrow double %given to $real
  br label %loop
loop:
  %j = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr $real, ptr %weight, i64 %j
  %q = getelementptr $real, ptr %to, i64 %j
  %w = load $real, ptr %p
  %old = load $real, ptr %q
  %v = fmul $real %profile, %w
  %sum = fadd $real %old, %v
  %new = select i1 %start, $real %v, $real %sum
  store $real %new, ptr %q
  %next = add i64 %j, 1
  %more = icmp ult i64 %next, %b
  br i1 %more, label %loop, label %done
done:
  ret void
}

define internal void @put(ptr noalias %to, ptr noalias %from, double %weight, i64 %count) {
entry:
  br label %loop
loop:
  %j = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr $real, ptr %from, i64 %j
  %q = getelementptr double, ptr %to, i64 %j
  %r = load $real, ptr %p
  %v = $widen $real %r to double
  %w = fmul double %weight, %v
  store double %w, ptr %q
  %next = add i64 %j, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}

define internal void @put_more(ptr noalias %to, ptr noalias %from, double %weight, i64 %count) {
entry:
  br label %loop
loop:
  %j = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr $real, ptr %from, i64 %j
  %q = getelementptr double, ptr %to, i64 %j
  %r = load $real, ptr %p
  %v = $widen $real %r to double
  %w = fmul double %weight, %v
  %old = load double, ptr %q
  %sum = fadd double %old, %w
  store double %sum, ptr %q
  %next = add i64 %j, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}

define internal void @clear(ptr %row) {
  %b = load i64, ptr @block
  %bytes = mul i64 %b, $bytes
  call void @llvm.memset.p0.i64(ptr %row, i8 0, i64 %bytes, i1 false)
  ret void
}

; state[j] = keep[j] * state[j] + push[j] * draw[j], and to[j] += state[j]
define internal void @shake(ptr noalias %to, ptr noalias %state, ptr noalias %draw, ptr noalias %keep, ptr noalias %push) {
entry:
  %b = load i64, ptr @block
  br label %loop
loop:
  %j = phi i64 [ 0, %entry ], [ %next, %loop ]
  %keep.at = getelementptr $real, ptr %keep, i64 %j
  %state.at = getelementptr $real, ptr %state, i64 %j
  %push.at = getelementptr $real, ptr %push, i64 %j
  %draw.at = getelementptr $real, ptr %draw, i64 %j
  %to.at = getelementptr $real, ptr %to, i64 %j
  %k = load $real, ptr %keep.at
  %old = load $real, ptr %state.at
  %p = load $real, ptr %push.at
  %d = load $real, ptr %draw.at
  %t = load $real, ptr %to.at
  %kept = fmul $real %k, %old
  %pushed = fmul $real %p, %d
  %new = fadd $real %kept, %pushed
  %sum = fadd $real %t, %new
  store $real %new, ptr %state.at
  store $real %sum, ptr %to.at
  %next = add i64 %j, 1
  %more = icmp ult i64 %next, %b
  br i1 %more, label %loop, label %done
done:
  ret void
}
