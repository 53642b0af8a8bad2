using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>
/// The nonce that binds this instance to a front door, for root alone: the one that worked, and the one that is being tried. Several
/// processes of a node may log in at a time, as kubelet runs one for each image: one after the other binds.
/// </summary>
internal sealed class NonceFile(string stateDir, string door, string authenticator, TimeProvider time)
{
    private readonly string _confirmed = Path.Combine(
        stateDir,
        $"nonce-{string.Concat(door.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' ? letter : '_'))}-" +
        $"{authenticator}");

    private string Proposed => $"{_confirmed}.new";

    private string LockPath => $"{_confirmed}.lock";

    /// <summary>Waits until nobody else binds the instance; disposing lets the next one.</summary>
    public async Task<Outcome<FileStream>> Hold(CancellationToken cancellation)
    {
        try
        {
            return await FileLock.Take(LockPath, time, cancellation);
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
            // In this order: what is tried becomes what is kept.
            return (string[])[.. new[] { Proposed, _confirmed }.Select(TextOf).Where(nonce => nonce.Length > 0)];
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

    /// <summary>The nonce worked, so it is kept whatever else is there; another one that nobody tries any more did not.</summary>
    public void Confirm(string nonce)
    {
        if (Says(_confirmed, nonce))
        {
            if (File.Exists(Proposed))
            {
                using var free = FileLock.TryTake(LockPath);
                if (free is not null)
                {
                    File.Delete(Proposed);
                }
            }

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

    private static bool Says(string file, string nonce) => TextOf(file) == nonce;

    /// <summary>Empty where there is none, or none any more.</summary>
    private static string TextOf(string file)
    {
        try
        {
            return BoundedFile.ReadText(file, SecretFile.MaxBytes).Trim();
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return "";
        }
    }

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
