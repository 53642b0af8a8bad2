using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>
/// The nonce that binds this instance to a front door, for root alone: the one that worked, and the one that is being tried. Several
/// processes of a node may log in at a time, as kubelet runs one for each image: one after the other has it.
/// </summary>
internal sealed class NonceFile(string stateDir, string door, string authenticator, TimeProvider time)
{
    private readonly string _confirmed = Path.Combine(
        stateDir,
        $"nonce-{string.Concat(door.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' ? letter : '_'))}-" +
        $"{authenticator}");

    private string Proposed => $"{_confirmed}.new";

    /// <summary>Waits until nobody else reads it, shows what it says and writes how that ended; disposing lets the next one.</summary>
    public async Task<Outcome<FileStream>> Hold(CancellationToken cancellation)
    {
        try
        {
            return await FileLock.Take($"{_confirmed}.lock", time, cancellation);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Unusable(fault);
        }
    }

    /// <summary>The nonces to try, the newest first.</summary>
    public Outcome<string[]> Read()
    {
        try
        {
            return (string[])[.. new[] { Proposed, _confirmed }.Where(File.Exists)
                .Select(file => BoundedFile.ReadText(file, SecretFile.MaxBytes).Trim()).Where(nonce => nonce.Length > 0)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Unusable(fault);
        }
    }

    /// <summary>
    /// Writes a nonce before it is shown: it may be accepted though the answer is lost. Why it could not be; <c>null</c> when it was.
    /// </summary>
    public RegistryFailure? Propose(string nonce)
    {
        try
        {
            Write(nonce);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Unusable(fault);
        }
    }

    /// <summary>The nonce worked, so it is kept whatever else is there; another one that was being tried did not.</summary>
    public void Confirm(string nonce)
    {
        if (Says(_confirmed, nonce))
        {
            File.Delete(Proposed);
            return;
        }

        if (!Says(Proposed, nonce))
        {
            Write(nonce);
        }

        File.Move(Proposed, _confirmed, overwrite: true);
    }

    /// <summary>The nonce did not work; one that somebody else tries stays.</summary>
    public void Withdraw(string nonce)
    {
        if (Says(Proposed, nonce))
        {
            File.Delete(Proposed);
        }
    }

    private static bool Says(string file, string nonce) =>
        File.Exists(file) && BoundedFile.ReadText(file, SecretFile.MaxBytes).Trim() == nonce;

    private void Write(string nonce)
    {
        Directory.CreateDirectory(stateDir, OwnerOnly.Folder);
        using var file = new FileStream(
            Proposed, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly.File });
        file.Write(System.Text.Encoding.ASCII.GetBytes(nonce));
        file.Flush(flushToDisk: true);
    }

    private RegistryFailure Unusable(Exception fault) =>
        RegistryFailure.NoProof(
            $"stateDir {stateDir} cannot be used ({fault.Message}): the nonce that binds this instance is stored there");
}
