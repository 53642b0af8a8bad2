namespace RegistryProxy.Grains.SiloCalls;

/// <summary>Calls to grains for operators, whom a silo has asked for their token: the silo proves that it makes them.</summary>
public sealed class OperatorCalls
{
    private readonly IGrainFactory _grains;
    private readonly ProcessPass _process;

    internal OperatorCalls(IGrainFactory grains, ProcessPass process) => (_grains, _process) = (grains, process);

    /// <summary>Calls a grain with a pass.</summary>
    /// <param name="key">The key of the grain.</param>
    /// <param name="call">The call.</param>
    public async Task<T> Call<TGrain, T>(string key, Func<TGrain, ValueTask<T>> call)
        where TGrain : IGrainWithStringKey
    {
        var grain = _grains.GetGrain<TGrain>(key);
        if (await _grains.GetGrain<ISiloPassGrain>(0).Write(_process.Text, grain.GetGrainId().ToString()) is { } pass)
        {
            RequestContext.Set(SiloPass.Entry, pass);
        }

        return await call(grain);
    }
}
