namespace RegistryProxy.Grains.Login;

/// <summary>Ends a part of a login after its time, or when the caller gives up.</summary>
internal sealed class LoginLimit : IDisposable
{
    private readonly CancellationTokenSource _late;
    private readonly CancellationTokenSource _either;

    public LoginLimit(TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        _late = new CancellationTokenSource(limit, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_late.Token, cancellation);
    }

    public CancellationToken Token => _either.Token;

    /// <summary>Whether the time is over.</summary>
    public bool IsOver => _late.IsCancellationRequested;

    public void Dispose()
    {
        _either.Dispose();
        _late.Dispose();
    }
}
