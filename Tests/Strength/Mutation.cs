using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace RegistryProxy.Tests.Strength;

/// <summary>One change of a source file.</summary>
/// <param name="File">Its path in the repository.</param>
/// <param name="Line">The line of the change, from 1.</param>
/// <param name="Change">What is replaced by what.</param>
/// <param name="Before">What was there.</param>
internal sealed record Mutation(string File, int Line, TextChange Change, string Before)
{
    public override string ToString() => $"{File}:{Line}: {Before} => {Change.NewText}";
}

/// <summary>A mutation that compiles, and how it is switched on.</summary>
/// <param name="Mutation">The change.</param>
/// <param name="Body">The body of the member around it; <c>null</c> when it is in none, and needs a library of its own.</param>
/// <param name="Number">The number that switches it on in the library of all.</param>
internal sealed record NumberedMutation(Mutation Mutation, SyntaxNode? Body, int Number);
