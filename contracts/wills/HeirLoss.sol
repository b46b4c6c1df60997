// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ShareVerifier} from "../foundation/ShareVerifier.sol";
import {IHeirLoss, LossVote} from "./interfaces/IHeirLoss.sol";
import {IWillRegistry, WillId, WillState, WillTerms} from "./interfaces/IWillRegistry.sol";
import {WillHeir, WillLeaf} from "./libraries/WillLeaf.sol";
import {WillSignatures} from "./libraries/WillSignatures.sol";

/// @title HeirLoss
/// @notice See {IHeirLoss}. Without it, publishing the guardians' release shares alone would hand outsiders one heir's
/// share, and N−1 heirs would do from the start.
contract HeirLoss is IHeirLoss, EIP712 {
    struct Loss {
        uint40 proposedAt;
        uint40 confirmAt;
        uint8 heir;
        uint8 objections;
        bool confirmed;
        uint16 published;
    }

    bytes32 private constant LOSS_TYPEHASH = keccak256(
        "HeirLost(bytes32 willId,uint16 version,uint8 heir,uint40 proposedAt)"
    );
    bytes32 private constant OBJECTION_TYPEHASH = keccak256(
        "Objection(bytes32 willId,uint16 version,uint8 heir,uint40 proposedAt)"
    );

    /// @notice How long the heir can object, and by how much an objection puts off where refusal counts as loss.
    uint40 private constant OBJECTION_PERIOD = 60 days;

    /// @notice Says where wills stand and what their manifests are.
    IWillRegistry public immutable REGISTRY;

    mapping(WillId id => mapping(uint16 version => Loss)) private _losses;

    constructor(IWillRegistry registry) EIP712("Publica Heir Loss", "1") {
        REGISTRY = registry;
    }

    // ------------------------------------------------------------------ read

    /// @inheritdoc IHeirLoss
    function lossOf(WillId id) external view returns (uint8 heir, uint40 confirmAt, bool confirmed, uint16 published) {
        (uint16 version, ) = REGISTRY.versionOf(id);
        Loss storage loss = _losses[id][version];
        return (loss.heir, loss.confirmAt, loss.confirmed, loss.published);
    }

    // ------------------------------------------------------------------ write

    /// @inheritdoc IHeirLoss
    function propose(
        WillId id,
        uint8 heir,
        address[] calldata executors,
        uint8 executorThreshold,
        bytes32[] calldata proof
    ) external {
        (uint16 version, WillTerms memory terms) = _released(id);
        _requireInManifest(id, WillLeaf.executors(executors, executorThreshold), proof);
        _requireNamed(executors);
        if (heir == 0 || heir > terms.heirs) revert HeirLossIndexInvalid(heir);
        Loss storage loss = _losses[id][version];
        if (loss.proposedAt != 0) revert HeirLossPending(loss.heir);
        uint40 confirmAt = uint40(block.timestamp) + OBJECTION_PERIOD;
        (loss.proposedAt, loss.confirmAt, loss.heir, loss.objections) = (uint40(block.timestamp), confirmAt, heir, 0);
        emit HeirLossProposed(id, version, heir, msg.sender, confirmAt);
    }

    /// @inheritdoc IHeirLoss
    function objectAsHeir(
        WillId id,
        WillHeir[] calldata heirs,
        bytes32 shareR,
        bytes32 shareVs,
        bytes32[] calldata proof
    ) external {
        (uint16 version, WillTerms memory terms) = _released(id);
        _requireInManifest(id, WillLeaf.heirs(heirs), proof);
        Loss storage loss = _losses[id][version];
        uint8 heir = loss.heir;
        if (loss.proposedAt == 0) revert HeirLossNotProposed(heir);
        if (loss.confirmed || block.timestamp >= loss.confirmAt || (terms.refusalCounts && loss.objections != 0))
            revert HeirLossObjectionRefused(heir);
        WillHeir calldata named = heirs[heir - 1];
        if (msg.sender != named.wallet) {
            bytes32 digest = _hashTypedDataV4(
                keccak256(abi.encode(OBJECTION_TYPEHASH, id, version, heir, loss.proposedAt))
            );
            if (WillSignatures.signerOf(digest, shareR, shareVs) != named.share)
                revert HeirLossCallerNotNamed(msg.sender);
        }
        uint40 confirmAt = 0;
        if (terms.refusalCounts) {
            confirmAt = loss.confirmAt + OBJECTION_PERIOD;
            (loss.confirmAt, loss.objections) = (confirmAt, 1);
        } else {
            delete _losses[id][version];
        }
        emit HeirLossObjected(id, version, heir, confirmAt);
    }

    /// @inheritdoc IHeirLoss
    function confirm(
        WillId id,
        address[] calldata guardians,
        LossVote[] calldata votes,
        bytes32[] calldata proof
    ) external {
        (uint16 version, WillTerms memory terms) = _released(id);
        _requireInManifest(id, WillLeaf.accounts(WillLeaf.GUARDIANS, guardians), proof);
        Loss storage loss = _losses[id][version];
        uint8 heir = loss.heir;
        if (loss.proposedAt == 0) revert HeirLossNotProposed(heir);
        if (loss.confirmed) revert HeirLossPending(heir);
        if (block.timestamp < loss.confirmAt) revert HeirLossTooEarly(loss.confirmAt);
        if (votes.length < terms.threshold) revert HeirLossQuorumMissing(votes.length, terms.threshold);
        _requireVotes(
            id,
            _hashTypedDataV4(keccak256(abi.encode(LOSS_TYPEHASH, id, version, heir, loss.proposedAt))),
            guardians,
            votes
        );
        loss.confirmed = true;
        emit HeirLossConfirmed(id, version, heir);
    }

    /// @inheritdoc IHeirLoss
    function publishEscrowShare(
        WillId id,
        uint8 guardian,
        uint256 share,
        address[] calldata shareAccounts,
        bytes32[] calldata proof
    ) external {
        (uint16 version, ) = REGISTRY.versionOf(id);
        Loss storage loss = _losses[id][version];
        if (!loss.confirmed) revert HeirLossNotConfirmed(id);
        _requireInManifest(id, WillLeaf.accounts(WillLeaf.ESCROW_SHARES, shareAccounts), proof);
        if (guardian == 0 || guardian > shareAccounts.length) revert HeirLossIndexInvalid(guardian);
        uint16 bit = uint16(1 << (guardian - 1));
        if (loss.published & bit != 0) revert EscrowShareAlreadyPublished(guardian);
        if (ShareVerifier.shareAddress(share) != shareAccounts[guardian - 1] || share == 0)
            revert EscrowShareWrong(guardian);
        loss.published |= bit;
        emit EscrowSharePublished(id, version, guardian, share);
    }

    // ------------------------------------------------------------------ internal

    function _released(WillId id) private view returns (uint16 version, WillTerms memory terms) {
        (, WillState state) = REGISTRY.sealOf(id);
        terms = REGISTRY.termsOf(id);
        if (!terms.escrow || (state != WillState.Released && state != WillState.Opened)) revert HeirLossImpossible(id);
        (version, ) = REGISTRY.versionOf(id);
    }

    function _requireInManifest(WillId id, bytes32 leaf, bytes32[] calldata proof) private view {
        (bytes29 root, ) = REGISTRY.sealOf(id);
        if (WillLeaf.rootOf(leaf, proof) != root) revert HeirLossNotInManifest(id);
    }

    function _requireNamed(address[] calldata accounts) private view {
        for (uint256 i = 0; i < accounts.length; ++i) if (accounts[i] == msg.sender) return;
        revert HeirLossCallerNotNamed(msg.sender);
    }

    function _requireVotes(
        WillId id,
        bytes32 digest,
        address[] calldata guardians,
        LossVote[] calldata votes
    ) private view {
        (, uint16 leaked, , ) = REGISTRY.progressOf(id);
        uint8 previous = 0;
        for (uint256 i = 0; i < votes.length; ++i) {
            uint8 guardian = votes[i].guardian;
            bool counts =
                guardian > previous &&
                    guardian <= guardians.length &&
                    leaked & (1 << (guardian - 1)) == 0 &&
                    WillSignatures.isValid(guardians[guardian - 1], digest, votes[i].signature);
            if (!counts) revert HeirLossVoteInvalid(guardian);
            previous = guardian;
        }
    }
}
