// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {WillHeir} from "../libraries/WillLeaf.sol";
import {WillId} from "./IWillRegistry.sol";

/// @notice A guardian's vote that an heir is lost.
struct LossVote {
    /// @notice The guardian's index, ascending in a list of votes.
    uint8 guardian;
    bytes signature;
}

/// @title IHeirLoss
/// @notice The separate event that frees the escrowed share, when one heir is lost: an executor proposes, the heir has 60
/// days to object, t guardians confirm, and only then guardians publish their shares of the escrow key.
/// @dev One slot a version of a will:
///   0..39    proposedAt   unix seconds; 0 = no proposal
///   40..79   confirmAt    from when guardians may confirm
///   80..87   heir         1..N
///   88..95   objections   in all
///   96..103  confirmed    0 or 1
///   104..119 published    bit j−1: guardian j
interface IHeirLoss {
    /// @notice An executor proposes to treat heir `heir` as lost; the heir may object until `confirmAt`.
    event HeirLossProposed(
        WillId indexed id,
        uint16 indexed version,
        uint8 indexed heir,
        address executor,
        uint40 confirmAt
    );
    /// @notice The heir is there. With `confirmAt` zero the proposal is void, else it is only put off.
    event HeirLossObjected(WillId indexed id, uint16 indexed version, uint8 indexed heir, uint40 confirmAt);
    /// @notice The heir is lost: guardians publish their shares of the escrow key now.
    event HeirLossConfirmed(WillId indexed id, uint16 indexed version, uint8 indexed heir);
    /// @notice Guardian `guardian` published its share of the escrow key.
    event EscrowSharePublished(WillId indexed id, uint16 indexed version, uint8 indexed guardian, uint256 share);

    /// @notice The will is not released, or was sealed without an escrowed share.
    /// @dev Without escrow all heirs must open together; before release nothing can be opened.
    error HeirLossImpossible(WillId id);
    /// @notice What was given is not in the manifest of the released version.
    /// @dev Build list and proof from the manifest of the released version.
    error HeirLossNotInManifest(WillId id);
    /// @notice The caller is not one of the executors, or not the heir.
    /// @dev Send it from the account named in the manifest.
    error HeirLossCallerNotNamed(address caller);
    /// @notice The index is not one of the will's.
    /// @dev Indices run from 1.
    error HeirLossIndexInvalid(uint8 index);
    /// @notice Another proposal is pending or was confirmed; only one heir can be replaced by the escrowed share.
    /// @dev Wait for the objection or the confirmation.
    error HeirLossPending(uint8 heir);
    /// @notice There is no proposal about this heir.
    /// @dev An executor proposes first.
    error HeirLossNotProposed(uint8 heir);
    /// @notice The heir can still object.
    /// @dev Wait until `confirmAt`.
    error HeirLossTooEarly(uint40 confirmAt);
    /// @notice The time to object is over, or this heir has used the one objection a refusal has.
    /// @dev The heirs can still open with all N shares.
    error HeirLossObjectionRefused(uint8 heir);
    /// @notice Fewer guardians than the threshold confirm.
    /// @dev Collect the missing votes.
    error HeirLossQuorumMissing(uint256 given, uint256 required);
    /// @notice A vote is repeated, out of order, by a guardian whose share leaked, or its signature is not valid.
    /// @dev Sort votes by the guardian's index and sign for this proposal.
    error HeirLossVoteInvalid(uint8 guardian);
    /// @notice The loss is not confirmed.
    /// @dev Escrow shares are published after the confirmation only.
    error HeirLossNotConfirmed(WillId id);
    /// @notice The share is not the one the manifest names for this guardian.
    /// @dev Open the envelope of the released version.
    error EscrowShareWrong(uint8 guardian);
    /// @notice This share is published already.
    /// @dev Read it from the events.
    error EscrowShareAlreadyPublished(uint8 guardian);

    /// @notice The proposal of the current version: which heir, from when it can be confirmed, whether it was.
    function lossOf(WillId id) external view returns (uint8 heir, uint40 confirmAt, bool confirmed, uint16 published);

    /// @notice An executor proposes to treat heir `heir` as lost.
    function propose(
        WillId id,
        uint8 heir,
        address[] calldata executors,
        uint8 executorThreshold,
        bytes32[] calldata proof
    ) external;

    /// @notice The heir objects: from its wallet, or by anyone with a signature of its share (a health check).
    /// @dev Where refusal counts as loss, an objection only puts the confirmation off, once.
    function objectAsHeir(
        WillId id,
        WillHeir[] calldata heirs,
        bytes32 shareR,
        bytes32 shareVs,
        bytes32[] calldata proof
    ) external;

    /// @notice t guardians confirm the loss after the delay.
    function confirm(
        WillId id,
        address[] calldata guardians,
        LossVote[] calldata votes,
        bytes32[] calldata proof
    ) external;

    /// @notice Publishes a guardian's share of the escrow key. Anyone may send it.
    /// @param shareAccounts The accounts of all guardians' escrow shares, as the manifest lists them.
    function publishEscrowShare(
        WillId id,
        uint8 guardian,
        uint256 share,
        address[] calldata shareAccounts,
        bytes32[] calldata proof
    ) external;
}
