using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Managed;

/// <summary>
/// Reads parts of managed tenants, many at a time. One that is not answered for holds up no other one; those that were read are in use
/// while it is waited for.
/// </summary>
internal sealed class ManagedTurn(IGrainFactory grains, ManagedParts managed, ManagedReadings readings, TimeProvider time)
{
    /// <summary>How many are asked for at the same time, beside those that are waited for already.</summary>
    private const int AtOnce = 32;

    /// <summary>How many are taken at once: the configuration is put together anew each time.</summary>
    private const int MaxTaken = 500;

    /// <summary>What is not answered for until then is waited for beside the others, and what was read meanwhile is in use.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    /// <summary>From one to the next time that late ones are taken.</summary>
    private static readonly TimeSpan TakenAgain = TimeSpan.FromSeconds(1);

    private readonly List<ManagedText> _read = [];
    private int _failed;

    /// <summary>Reads the parts of tenants; returns how many were not answered for.</summary>
    public async Task<int> Read(IReadOnlyList<KeyValuePair<string, PartOwner>> tenants)
    {
        using var due = tenants.GetEnumerator();
        List<Task> waiting = [];
        await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, tenants.Count)).Select(async _ =>
        {
            // Turns of one grain: nobody else moves it meanwhile.
            while (due.MoveNext())
            {
                var read = Read(due.Current.Key, due.Current.Value);
                if (await Task.WhenAny(read, Task.Delay(Pace, time)) != read)
                {
                    waiting.Add(read);
                }
            }
        }));
        var rest = Task.WhenAll(waiting);
        while (!rest.IsCompleted)
        {
            Take();
            await Task.WhenAny(rest, Task.Delay(TakenAgain, time));
        }

        Take();
        return _failed;
    }

    private async Task Read(string tenant, PartOwner owner)
    {
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
            readings.Forget([tenant]);
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
        readings.Note(tenant, owner, read.Problem.Length > 0);
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
