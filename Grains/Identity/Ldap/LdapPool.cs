using System.Collections.Concurrent;
using System.Security.Authentication;

namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>
/// Connections to one directory: a few at once, kept for the next login, each piece of work bounded in time. Logins wait in a line of their
/// own, so that however many there are, running sessions are looked up.
/// </summary>
internal sealed class LdapPool(LdapServer server, TimeProvider time) : IDisposable
{
    /// <summary>The most connections at once.</summary>
    public const int MaxConnections = 8;

    /// <summary>Of those, what logins have; further ones wait. The others are for those who have a session.</summary>
    public const int MaxLogins = 6;

    /// <summary>Logins that wait for a connection; of one address (the /48 of IPv6) a quarter.</summary>
    public const int MaxWaiting = 256;

    /// <summary>How long a login waits for a connection. That is not the directory's time: it is not asked meanwhile.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(6);

    /// <summary>Older ones are closed rather than used: servers and firewalls forget them.</summary>
    private static readonly TimeSpan MaxIdle = TimeSpan.FromSeconds(30);

    /// <summary>How long a login may take once it has its connection.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private readonly ConcurrentStack<(LdapLink Link, long Since)> _idle = new();
    private readonly PasswordLine _logins = new(MaxLogins, MaxWaiting);
    private readonly SemaphoreSlim _rechecks = new(MaxConnections - MaxLogins);

    /// <summary>
    /// Does a piece of work with a connection. A kept one that turns out to be dead is replaced once, unless a password went over it: the
    /// directory may have counted that, and locks people out by the count.
    /// </summary>
    /// <param name="login">From where the login comes; <c>null</c> to look up who has a session.</param>
    /// <param name="work">What to do.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LdapException">The directory cannot be reached, is too slow or answers nonsense.</exception>
    /// <exception cref="LdapBusyException">Too many logins wait.</exception>
    public async Task<T> Use<T>(PasswordSource? login, Func<LdapLink, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        var isOfLogins = await Enter(login, cancellation);
        using var limit = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await Work(work, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new LdapException($"no answer within {Timeout.TotalSeconds:0} s");
        }
        catch (Exception fault) when (fault is IOException or System.Net.Sockets.SocketException or AuthenticationException)
        {
            throw new LdapException(fault.Message, fault);
        }
        catch (Exception fault) when (fault is not (LdapException or OperationCanceledException))
        {
            throw new LdapException($"it answers something that cannot be read ({fault.GetType().Name})", fault);
        }
        finally
        {
            Leave(isOfLogins);
        }
    }

    public void Dispose()
    {
        while (_idle.TryPop(out var kept))
        {
            kept.Link.Dispose();
        }
    }

    /// <summary>Waits for a connection; whether it is one of those for logins, which sessions have while no login wants it.</summary>
    private async Task<bool> Enter(PasswordSource? login, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(MaxWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            if (login is not { } from)
            {
                if (await _rechecks.WaitAsync(TimeSpan.Zero, either.Token))
                {
                    return false;
                }

                if (_logins.TryEnter())
                {
                    return true;
                }

                await _rechecks.WaitAsync(either.Token);
                return false;
            }

            if (!await _logins.Enter(from, either.Token))
            {
                cancellation.ThrowIfCancellationRequested();
                throw new LdapBusyException(
                    $"all {MaxLogins} connections for logins are busy, and too many logins wait, or for {MaxWait.TotalSeconds:0} s");
            }

            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new LdapException($"all {MaxConnections - MaxLogins} connections for sessions are busy, for {MaxWait.TotalSeconds:0} s");
        }
    }

    private void Leave(bool isOfLogins)
    {
        if (isOfLogins)
        {
            _logins.Leave();
        }
        else
        {
            _rechecks.Release();
        }
    }

    private async Task<T> Work<T>(Func<LdapLink, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        if (Kept() is { } kept)
        {
            try
            {
                return await With(kept, work, cancellation);
            }
            catch (IOException) when (kept.Tried == LdapTry.None)
            {
                // It died while it was kept.
            }
        }

        return await With(await LdapLink.Open(server, cancellation), work, cancellation);
    }

    private LdapLink? Kept()
    {
        while (_idle.TryPop(out var kept))
        {
            if (time.GetElapsedTime(kept.Since) < MaxIdle && !kept.Link.IsClosed)
            {
                kept.Link.Take();
                return kept.Link;
            }

            kept.Link.Dispose();
        }

        return null;
    }

    private async Task<T> With<T>(LdapLink link, Func<LdapLink, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        var good = false;
        try
        {
            var result = await work(link, cancellation);
            good = true;
            return result;
        }
        finally
        {
            if (good)
            {
                _idle.Push((link, time.GetTimestamp()));
            }
            else
            {
                link.Dispose();
            }
        }
    }
}
