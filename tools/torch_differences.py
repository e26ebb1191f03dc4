"""What of PyTorch's public names tensorlib leaves out on purpose, and why.

Literals only. ``torch_names.py`` makes a page of the documentation of them, and a test compares
them with what is there.
"""

TORCH = "2.13"  # the lists are complete for this release

# Parameters that are left out everywhere: where tensors are made and of which dtype (modules take
# ``dtype`` as their last keyword), how an optimizer's loop runs (it is one pass over all
# parameters), and what PyTorch itself advises against.
NOT_COMPARED = {
    "device",
    "dtype",
    "foreach",
    "fused",
    "capturable",
    "differentiable",
    "size_average",
    "reduce",
}

# There, though not in the class: its constructor sets them.
ON_OBJECTS = """
distributions.Beta.concentration0 distributions.Beta.concentration1 distributions.Chi2.df
distributions.HalfCauchy.scale distributions.HalfNormal.scale
distributions.MixtureSameFamily.component_distribution
distributions.MixtureSameFamily.mixture_distribution distributions.constraints.Constraint.event_dim
distributions.constraints.Constraint.is_discrete
distributions.transforms.AffineTransform.event_dim
"""

# (reason, names): absent from tensorlib. A name stands for all that is below it.
LEFT = [
    (
        "Deprecated, or no longer used, in PyTorch itself.",
        "nn.Container nn.NLLLoss2d nn.Module.register_backward_hook nn.init.constant nn.init.dirac "
        "nn.init.eye nn.init.kaiming_normal nn.init.kaiming_uniform nn.init.normal "
        "nn.init.orthogonal nn.init.sparse nn.init.uniform nn.init.xavier_normal "
        "nn.init.xavier_uniform nn.utils.clip_grad_norm nn.utils.stateless autograd.Variable "
        "autograd.variable autograd.NestedIOFunction autograd.function.NestedIOFunction "
        "autograd.function.InplaceFunction distributions.Distribution.sample_n "
        "distributions.constraints.is_dependent distributions.transforms.Transform.event_dim "
        "utils.data.ConcatDataset.cummulative_sizes",
    ),
    (
        "Older forms of ``nn.utils.parametrizations.weight_norm`` and ``spectral_norm``, with "
        "other names of the parameters; ``parametrize.remove_parametrizations`` undoes these.",
        "nn.utils.weight_norm nn.utils.remove_weight_norm nn.utils.spectral_norm "
        "nn.utils.remove_spectral_norm",
    ),
    (
        "Accelerators, shared or pinned memory, and tensors without memory: there is one device, "
        "the CPU.",
        "nn.Module.ipu nn.Module.mtia nn.Module.xpu nn.Module.share_memory "
        "nn.Module.to_empty nn.utils.skip_init nn.utils.rnn.PackedSequence.cuda "
        "nn.utils.rnn.PackedSequence.is_cuda nn.utils.rnn.PackedSequence.is_pinned "
        "nn.utils.rnn.PackedSequence.pin_memory optim.Adagrad.share_memory "
        "nn.utils.convert_conv2d_weight_memory_format nn.utils.convert_conv3d_weight_memory_format "
        "autograd.enforce_grad_layout_policy "
        "autograd.graph.set_override_stale_capture_stream "
        "autograd.graph.set_warn_on_accumulate_grad_stream_mismatch amp.is_autocast_available "
        "utils.checkpoint.DefaultDeviceType utils.checkpoint.get_device_states "
        "utils.checkpoint.set_device_states",
    ),
    ("Several machines or processes.", "nn.DataParallel utils.data.DistributedSampler"),
    (
        "Which kernel computes attention: there is one, in blocks.",
        "nn.attention",
    ),
    (
        "Compiled or changed code: there is nothing to compile, and functions may write in place.",
        "nn.Module.compile func.functionalize func.debug_unwrap",
    ),
    (
        "Quantised numbers, and products of matrices of different sizes in one call.",
        "nn.functional.ScalingType nn.functional.SwizzleType nn.functional.scaled_mm "
        "nn.functional.scaled_grouped_mm nn.functional.grouped_mm",
    ),
    (
        "Sparse gradients: those of embeddings are dense.",
        "optim.SparseAdam",
    ),
    (
        "How the chunks of a loss are chosen; see ``nn.functional.linear_cross_entropy``.",
        "nn.LinearCrossEntropyOptions",
    ),
    (
        "Other names of functions with ``return_indices=True``, and of ``channel_shuffle`` and "
        "``conv1d``.",
        "nn.functional.adaptive_max_pool1d_with_indices "
        "nn.functional.adaptive_max_pool2d_with_indices "
        "nn.functional.adaptive_max_pool3d_with_indices "
        "nn.functional.fractional_max_pool2d_with_indices "
        "nn.functional.fractional_max_pool3d_with_indices nn.functional.max_pool1d_with_indices "
        "nn.functional.max_pool2d_with_indices nn.functional.max_pool3d_with_indices "
        "nn.functional.native_channel_shuffle nn.functional.conv_tbc",
    ),
    (
        "Parts of PyTorch's own machinery that have no underscore.",
        "nn.CrossMapLRN2d nn.LSTM.check_forward_args nn.LSTM.get_expected_cell_size "
        "nn.LSTM.permute_hidden nn.Module.T_destination nn.MultiheadAttention.merge_masks "
        "nn.RNNBase.check_forward_args nn.RNNBase.check_hidden_size nn.RNNBase.check_input "
        "nn.RNNBase.get_expected_hidden_size nn.RNNBase.permute_hidden nn.factory_kwargs "
        "nn.functional.BroadcastingList1 nn.functional.BroadcastingList2 "
        "nn.functional.BroadcastingList3 nn.functional.Tensor nn.functional.assert_int_or_pair "
        "nn.functional.boolean_dispatch nn.functional.handle_torch_function "
        "nn.functional.has_torch_function nn.functional.has_torch_function_unary "
        "nn.functional.has_torch_function_variadic nn.parameter.UninitializedBuffer.cls_to_become "
        "nn.parameter.UninitializedParameter.cls_to_become nn.parameter.UninitializedTensorMixin "
        "nn.utils.parametrize.transfer_parametrizations_and_params "
        "nn.utils.rnn.PackedSequence.byte nn.utils.rnn.PackedSequence.char "
        "nn.utils.rnn.PackedSequence.short "
        "optim.Optimizer.OptimizerPostHook optim.Optimizer.OptimizerPreHook "
        "optim.Optimizer.profile_hook_step optim.swap_in_optimizer_params_and_state "
        "optim.lr_scheduler.SequentialLR.recursive_undo autograd.grad_mode "
        "autograd.set_grad_enabled.clone autograd.inference_mode.clone "
        "autograd.set_multithreading_enabled "
        "autograd.function.BackwardCFunction autograd.function.FunctionCtx "
        "autograd.function.FunctionMeta "
        "autograd.graph.region_activation_memory_budget func.rearrange "
        "utils.checkpoint.CheckpointFunction utils.checkpoint.GraphExecGroup "
        "utils.checkpoint.check_backward_validity utils.checkpoint.detach_variable "
        "utils.data.ConcatDataset.cumsum utils.data.DataLoader.multiprocessing_context "
        "utils.data.DataLoader.check_worker_number_rationality",
    ),
    (
        "DataPipes, which PyTorch itself has given up; ``IterableDataset`` and generators do it.",
        "utils.data.DFIterDataPipe utils.data.DataChunk utils.data.IterDataPipe "
        "utils.data.MapDataPipe utils.data.argument_validation utils.data.functional_datapipe "
        "utils.data.guaranteed_datapipes_determinism utils.data.non_deterministic "
        "utils.data.runtime_validation utils.data.runtime_validation_disabled",
    ),
    (
        "Forward mode is ``func.jvp``, of any functions; there are no dual numbers to handle.",
        "autograd.forward_ad",
    ),
    (
        "``testing.check_grads`` compares gradients of any order with differences.",
        "autograd.gradcheck autograd.gradgradcheck",
    ),
    (
        "Gradients are asked for by tensors, not by edges of the graph; writes into tensors that "
        "the "
        "tape keeps are refused.",
        "autograd.graph.GradientEdge autograd.graph.get_gradient_edge "
        "autograd.graph.allow_mutation_on_saved_tensors",
    ),
    (
        "What is computed again is told by what ``checkpoint`` is called with, not by a policy.",
        "utils.checkpoint.CheckpointError utils.checkpoint.CheckpointPolicy "
        "utils.checkpoint.SAC_IGNORED_OPS utils.checkpoint.SelectiveCheckpointContext "
        "utils.checkpoint.create_selective_checkpoint_contexts utils.checkpoint.noop_context_fn "
        "utils.checkpoint.set_checkpoint_debug_enabled "
        "utils.checkpoint.set_checkpoint_early_stop",
    ),
    (
        "The rule of a batch is written as ``vmap``.",
        "autograd.function.Function.generate_vmap_rule",
    ),
    (
        "In evaluation, or with ``track_running_stats=False``, batch norms are pure.",
        "func.replace_all_batch_norm_modules_",
    ),
    (
        "Rarely used: distributions of matrices and of truths between 0 and 1, transforms chosen "
        "by a condition, and a base class of which nothing is made (entropies have closed forms).",
        "distributions.ContinuousBernoulli distributions.CorrCholeskyTransform "
        "distributions.ExponentialFamily distributions.LKJCholesky distributions.Wishart "
        "distributions.biject_to distributions.transform_to "
        "distributions.transforms.CorrCholeskyTransform",
    ),
    (
        "Constraints are objects with ``check``, made by functions and not by classes.",
        "distributions.constraints.MixtureSameFamilyConstraint distributions.constraints.dependent "
        "distributions.constraints.dependent_property distributions.constraints.greater_than.check "
        "distributions.constraints.greater_than_eq.check distributions.constraints.cat.check "
        "distributions.constraints.cat.event_dim distributions.constraints.cat.is_discrete "
        "distributions.constraints.stack.check distributions.constraints.stack.event_dim "
        "distributions.constraints.stack.is_discrete "
        "distributions.constraints.half_open_interval.check "
        "distributions.constraints.independent.check "
        "distributions.constraints.independent.event_dim "
        "distributions.constraints.independent.is_discrete "
        "distributions.constraints.integer_interval.check "
        "distributions.constraints.integer_interval.is_discrete "
        "distributions.constraints.interval.check distributions.constraints.less_than.check "
        "distributions.constraints.multinomial.check "
        "distributions.constraints.multinomial.event_dim "
        "distributions.constraints.multinomial.is_discrete",
    ),
]

# (parameters, reason, names): functions and classes whose parameters are not PyTorch's.
PARAMETERS = [
    ("min_value max_value", "Deprecated in PyTorch.", "nn.Hardtanh"),
    ("args", "Positional arguments, which PyTorch itself advises against.", "nn.Module.state_dict"),
    (
        "epoch",
        "Deprecated in PyTorch.",
        "optim.lr_scheduler.LRScheduler.step optim.lr_scheduler.ReduceLROnPlateau.step",
    ),
    ("pin_memory_device", "Deprecated in PyTorch.", "utils.data.DataLoader"),
    (
        "options",
        "How chunks are chosen: there is one way.",
        "nn.LinearCrossEntropyLoss nn.functional.linear_cross_entropy",
    ),
    ("sequential modules", "``modules``, as in ``ModuleList``.", "nn.Sequential.extend"),
    (
        "prob x value",
        "Named as in the base class.",
        "distributions.HalfCauchy.icdf distributions.HalfNormal.icdf "
        "distributions.MixtureSameFamily.cdf distributions.MixtureSameFamily.log_prob",
    ),
    (
        "line_search_fn",
        "The strong Wolfe conditions by default: without a line search L-BFGS may diverge.",
        "optim.LBFGS",
    ),
    ("orig_func", "Ours can be called with a function by position.", "autograd.enable_grad"),
    (
        "fn backward function",
        "Named for what it is.",
        "autograd.function.once_differentiable autograd.graph.Node.register_hook "
        "autograd.graph.Node.register_prehook",
    ),
    (
        "grad_variables inputs",
        "Deprecated in PyTorch, which has another parameter after it.",
        "autograd.backward",
    ),
    (
        "inputs",
        "Not needed where a function is differentiated, as in HIPS autograd.",
        "autograd.grad",
    ),
    (
        "use_reentrant cache_enabled",
        "PyTorch's default of None stands for a warning, or for a setting of the process.",
        "amp.autocast utils.checkpoint.checkpoint_sequential",
    ),
    (
        "device_type",
        "There is one device, so it need not be told.",
        "amp.autocast amp.custom_bwd amp.custom_fwd autograd.graph.save_on_cpu",
    ),
]
