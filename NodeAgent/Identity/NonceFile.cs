using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>
/// The nonce that binds this instance to a front door, for root alone: the one that worked, and the one that is being tried.
/// </summary>
internal sealed class NonceFile(string stateDir, string door, string authenticator)
{
    private readonly string _confirmed = Path.Combine(
        stateDir,
        $"nonce-{string.Concat(door.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' ? letter : '_'))}-" +
        $"{authenticator}");

    private string Proposed => $"{_confirmed}.new";

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
            Directory.CreateDirectory(stateDir, OwnerOnly.Folder);
            using var file = new FileStream(
                Proposed, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly.File });
            file.Write(System.Text.Encoding.ASCII.GetBytes(nonce));
            file.Flush(flushToDisk: true);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Unusable(fault);
        }
    }

    /// <summary>The nonce worked; another one that was being tried did not.</summary>
    public void Confirm(string nonce)
    {
        if (!File.Exists(Proposed))
        {
            return;
        }

        if (BoundedFile.ReadText(Proposed, SecretFile.MaxBytes).Trim() == nonce)
        {
            File.Move(Proposed, _confirmed, overwrite: true);
        }
        else
        {
            File.Delete(Proposed);
        }
    }

    public void Withdraw() => File.Delete(Proposed);

    private RegistryFailure Unusable(Exception fault) =>
        RegistryFailure.NoProof(
            $"stateDir {stateDir} cannot be used ({fault.Message}): the nonce that binds this instance is stored there");
}
