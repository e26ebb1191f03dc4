NOT_COMPARED="device dtype size_average reduce _stacklevel foreach fused capturable differentiable".split()
LEFT=[]
PARAMETERS=[]
