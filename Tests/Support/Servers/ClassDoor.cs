using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>
/// A front door that the tests of a class share, with what stands behind it. Each test has names of repositories, or blobs, of its own:
/// what the door keeps of one is nothing to the next.
/// </summary>
public abstract class ClassDoor : IAsyncLifetime
{
    internal FrontDoor Door { get; private set; } = null!;

    internal RegistryClient Alice { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Door = await FrontDoor.Start(await Prepare());
        Alice = Door.Client("alice");
    }

    public async ValueTask DisposeAsync()
    {
        Alice?.Dispose();
        await (Door?.DisposeAsync() ?? ValueTask.CompletedTask);
        await End();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts what stands behind the door.</summary>
    /// <returns>The configuration of the door.</returns>
    protected abstract Task<string> Prepare();

    /// <summary>Ends what <see cref="Prepare"/> started.</summary>
    protected abstract ValueTask End();
}
