using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Managed;

/// <summary>
/// Reads parts of managed tenants, many at a time. One that is not answered for holds up no other one, nor the next turn. For one thread
/// at a time.
/// </summary>
internal sealed class ManagedReader(IGrainFactory grains, ManagedParts managed, TimeProvider time)
{
    /// <summary>How many are asked for at the same time, beside those that are slow.</summary>
    private const int AtOnce = 32;

    /// <summary>How many are taken at once: the configuration is put together anew each time.</summary>
    private const int MaxTaken = 500;

    /// <summary>What is not answered for until then is slow: it is taken with a later turn.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    private readonly ManagedReadings _readings = new(time);
    private readonly HashSet<string> _running = [];
    private readonly HashSet<string> _outdated = [];
    private readonly List<ManagedText> _read = [];
    private int _failed;

    /// <summary>Parts of tenants may be others from now on; <c>null</c> for all.</summary>
    public void Forget(IReadOnlyList<string>? tenants)
    {
        _readings.Forget(tenants);
        _outdated.UnionWith(_running.Where(running => tenants?.Contains(running) != false));
    }

    /// <summary>
    /// Reads what has to be read of some tenants, and forgets all others; returns how many were not answered for, those included that are
    /// waited for.
    /// </summary>
    public async Task<int> Read(IReadOnlyDictionary<string, PartOwner> tenants)
    {
        Take();
        _failed = 0;
        _readings.Only(tenants);
        var due = new Queue<string>(tenants.Keys.Where(tenant => !_running.Contains(tenant)
            && (_readings.IsDue(tenant, tenants[tenant]) || !managed.TryGet(tenant, out _))));
        await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, due.Count)).Select(async _ =>
        {
            while (due.TryDequeue(out var tenant))
            {
                await Task.WhenAny(Read(tenant, tenants[tenant]), Task.Delay(Pace, time));
            }
        }));
        Take();
        return _failed + _running.Count;
    }

    private async Task Read(string tenant, PartOwner owner)
    {
        _running.Add(tenant);
        try
        {
            await Read(grains.GetGrain<IManagedPartGrain>(tenant), tenant, owner);
        }
        catch (StateRefusedException fault)
        {
            Note(tenant, owner, new ManagedText(tenant, null) { Problem = $"the part in the state cannot be read: {fault.Message}" });
        }
        catch (Exception)
        {
            // The storage says in the log what is wrong with it.
            _failed++;
        }
        finally
        {
            _running.Remove(tenant);
            if (_outdated.Remove(tenant))
            {
                _readings.Forget([tenant]);
            }
        }
    }

    private async Task Read(IManagedPartGrain part, string tenant, PartOwner owner)
    {
        var (newest, stored) = await part.Read();
        var (known, isNews) = (stored?.ToOwner(), false);
        if (newest is not null && (known is null || (!known.Equals(owner) && known.MayBe(owner))))
        {
            (known, isNews) = (owner, true);
        }

        var text = newest is null || ManagedPart.IsNothing(newest.Text) ? null : newest.Text;
        Note(tenant, owner, new ManagedText(tenant, text) { Owner = newest is null ? null : known });
        if (isNews && !await Own(part, owner))
        {
            _readings.Forget([tenant]);
        }
    }

    /// <summary>What cannot be noted now is in use nevertheless.</summary>
    private static async Task<bool> Own(IManagedPartGrain part, PartOwner owner)
    {
        try
        {
            await part.Own(ManagedOwner.Of(owner));
            return true;
        }
        catch (Exception)
        {
            // The storage says in the log what is wrong with it.
            return false;
        }
    }

    private void Note(string tenant, PartOwner owner, ManagedText read)
    {
        _read.Add(read);
        _readings.Note(tenant, owner, read.Problem.Length > 0);
        if (_read.Count >= MaxTaken)
        {
            Take();
        }
    }

    private void Take()
    {
        if (_read.Count == 0)
        {
            return;
        }

        managed.Take([.. _read]);
        _read.Clear();
    }
}
