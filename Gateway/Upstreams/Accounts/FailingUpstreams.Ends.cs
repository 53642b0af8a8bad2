using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

internal sealed partial class FailingUpstreams
{
    /// <summary>How long it is shown of what was taken from the configuration that nothing is wrong any more.</summary>
    private static readonly TimeSpan Shown = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The configuration has other upstreams now: nothing is wrong with those that are gone, and a limit was that of an account.
    /// </summary>
    public void Keep(IReadOnlyList<UpstreamSnapshot> upstreams)
    {
        if (_known.IsEmpty)
        {
            return;
        }

        var (accounts, now) = (upstreams.ToDictionary(one => one.Name, one => one.Account), _time.GetSteadyNow());
        foreach (var (upstream, fares) in _known)
        {
            lock (fares)
            {
                if (accounts.TryGetValue(upstream, out var account))
                {
                    fares.GoneAt = null;
                    Use(upstream, fares, account, now);
                }
                else if (fares.GoneAt is null)
                {
                    fares.GoneAt = now;
                    fares.Outages.Where(outage => outage.Since is not null).ToList().ForEach(outage => _log.Gone(upstream, outage));
                    Interlocked.Add(ref _count, -fares.End());
                }
            }
        }
    }

    private void Answered(string upstream, UpstreamFares fares, TimeSpan now, bool isNonePart, string? granted, string account) => Answered(
        upstream, fares, now, kind => kind switch
        {
            OutageKind.Failing or OutageKind.Limited => true,
            OutageKind.Part => isNonePart,
            OutageKind.Refused => granted is not null && granted == fares.RefusedScope,
            _ => false,
        }, account);

    private void Answered(string upstream, UpstreamFares fares, TimeSpan now, Func<OutageKind, bool> isWell, string? account = null)
    {
        lock (fares)
        {
            if (account is not null)
            {
                Use(upstream, fares, account, now);
            }

            foreach (var outage in fares.Outages.Where(outage => isWell(outage.Kind) && !outage.IsOfBodies))
            {
                outage.Answer();
            }

            EndOver(upstream, fares, now);
        }
    }

    /// <summary>An answer came whole, and is of use.</summary>
    /// <param name="upstream">Whose.</param>
    /// <param name="isStorage">Whether it is of what the upstream redirects to.</param>
    public void Completed(string upstream, bool isStorage)
    {
        if (Volatile.Read(ref _count) == 0)
        {
            return;
        }

        Change(upstream, (fares, now) =>
        {
            foreach (var outage in fares.Outages.Where(outage => outage.IsOfBodies && isStorage == (outage.Kind == OutageKind.Storage)))
            {
                outage.Answer();
            }

            EndOver(upstream, fares, now);
        });
    }

    /// <summary>An account is in use: what limited another one is over.</summary>
    private void Use(string upstream, UpstreamFares fares, string account, TimeSpan now, bool isLimited = false)
    {
        if (fares.LimitedAccount != account)
        {
            Close(upstream, fares, OutageKind.Limited, now);
        }

        fares.LimitedAccount = isLimited ? account : fares.LimitedAccount;
    }

    private void EndOver(string upstream, UpstreamFares fares, TimeSpan now)
    {
        foreach (var outage in fares.Outages)
        {
            if (outage.IsOver(now))
            {
                Close(upstream, fares, outage.Kind, now);
            }
            else if (outage.IsUnknown(now))
            {
                _log.Lost(upstream, outage);
                End(upstream, fares, outage, now);
            }
        }
    }

    /// <summary>It is over, and that is said.</summary>
    private void Close(string upstream, UpstreamFares fares, OutageKind kind, TimeSpan now)
    {
        if (fares[kind] is { Since: not null } outage)
        {
            _log.Ended(upstream, outage, now);
            End(upstream, fares, outage, now);
        }
    }

    private void End(string upstream, UpstreamFares fares, UpstreamOutage outage, TimeSpan now)
    {
        outage.End();
        if (outage.Kind == OutageKind.Failing)
        {
            fares.Parts.EndWhole();
        }

        if (outage.Kind == OutageKind.Refused)
        {
            fares.RefusedScope = null;
        }
        else
        {
            Interlocked.Decrement(ref _count);
        }

        Tell(upstream, fares, now);
    }

    private void Forget(string upstream, UpstreamFares fares)
    {
        // Under the lock of its own, as every change is.
        if (_known.TryRemove(new(upstream, fares)))
        {
            Interlocked.Add(ref _count, -fares.End());
        }
    }
}
