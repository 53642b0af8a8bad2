using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>The place of one grant: what is known, and the question that is under way.</summary>
internal sealed class GrantSlot
{
    private readonly Lock _gate = new();
    private volatile UpstreamGrantResult? _current;
    private Task<UpstreamGrantResult>? _flight;

    public UpstreamGrantResult? Current => _current;

    /// <summary>Joins the question that is under way, or starts one.</summary>
    public Task<UpstreamGrantResult> Join(Func<Task<UpstreamGrantResult>> start)
    {
        lock (_gate)
        {
            return _flight is { IsCompleted: false } flight ? flight : _flight = start();
        }
    }

    /// <summary>Keeps a grant; a failure is passed on and leaves a grant that is still good in place.</summary>
    public UpstreamGrantResult Keep(UpstreamGrantResult result)
    {
        if (result.Grant is not null)
        {
            _current = result;
        }

        return result;
    }

    public void Drop(long generation)
    {
        if (_current?.Grant?.Generation == generation)
        {
            _current = null;
        }
    }
}
