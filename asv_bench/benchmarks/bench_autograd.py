"""The tape: recording, walking back, second derivatives, writes."""

import tensorlib as tl


class TimeTape:
    def setup(self):
        self.x = tl.ones(4, tl.float32)
        self.w = tl.ones(4, tl.float32)
        self.w.requires_grad = True

    def time_forward(self):
        (self.w * self.w + self.w).sum()

    def time_forward_no_grad(self):
        with tl.no_grad():
            (self.w * self.w + self.w).sum()

    def time_forward_backward(self):
        (self.w * self.w + self.w).sum().backward()

    def time_grad(self):
        tl.autograd.grad((self.w * self.w).sum(), self.w)

    def time_second_derivative(self):
        loss = (self.w * self.w * self.w).sum()
        (first,) = tl.autograd.grad(loss, (self.w,), create_graph=True)
        tl.autograd.grad(first.sum(), (self.w,))

    def time_write_into_view(self):
        y = self.w * 2.0
        y[1:3] = self.x[1:3]
        y.sum().backward()


class TimeChain:
    """A long chain of nodes, forward and backward."""

    params = (100, 10_000)
    param_names = ("length",)

    def setup(self, length):
        self.w = tl.ones(4, tl.float32)
        self.w.requires_grad = True

    def time_chain(self, length):
        y = self.w
        for _ in range(length):
            y = y + 1.0
        y.sum().backward()


class TimeLarge:
    """Gradients of large tensors, where memory counts."""

    def setup(self):
        self.w = tl.ones((1000, 1000), tl.float32)
        self.w.requires_grad = True
        self.row = tl.ones(1000, tl.float32)
        self.row.requires_grad = True

    def time_elementwise(self):
        (tl.exp(self.w) * self.w).sum().backward()

    def time_broadcast(self):
        (self.w * self.row).sum().backward()

    def time_matmul(self):
        (self.w @ self.w).sum().backward()
