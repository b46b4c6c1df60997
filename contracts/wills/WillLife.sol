// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {IWillRegistry, WillAcceptance, WillBeat, WillId, WillState, WillTerms} from "./interfaces/IWillRegistry.sol";
import {WillHeir, WillLeaf} from "./libraries/WillLeaf.sol";
import {WillSeal} from "./libraries/WillSeal.sol";
import {WillSignatures} from "./libraries/WillSignatures.sol";
import {WillBase} from "./WillBase.sol";

/// @title WillLife
/// @notice The part of the registry the testator and the heirs use while the testator lives: sealing, acceptance,
/// heartbeats, codicils and revocation.
abstract contract WillLife is WillBase {
    /// @dev What the acceptances of one batch have in common.
    struct Batch {
        bytes32 domain;
        /// @dev The words of an `Acceptance`; index and wallet change from one heir to the next.
        bytes32[6] message;
        /// @dev How many signatures of contract accounts were used.
        uint256 contracts;
    }

    bytes32 internal constant ACCEPTANCE_TYPEHASH = keccak256(
        "Acceptance(bytes32 willId,uint16 version,bytes29 manifestRoot,uint8 index,address wallet)"
    );
    bytes32 internal constant BEAT_TYPEHASH = keccak256("Beat(bytes32 willId,uint40 beatAt)");

    /// @notice The shortest heartbeat interval, and the shortest veto windows, in days.
    uint16 internal constant MIN_INTERVAL_DAYS = 30;
    uint16 internal constant MIN_QUORUM_WINDOW_DAYS = 30;
    uint16 internal constant MIN_OVERDUE_WINDOW_DAYS = 180;
    /// @notice No interval or window is longer: about a hundred years.
    uint16 internal constant MAX_DAYS = 36_500;
    /// @notice At most so many heirs, and so many guardians.
    uint8 internal constant MAX_PEOPLE = 16;
    /// @notice At least two and at most eight registrars prove a death.
    uint8 internal constant MAX_REGISTRARS = 8;
    /// @notice How far a signed beat may lie in the future, for clocks that are not set: seconds.
    uint40 internal constant MAX_CLOCK_SKEW = 300;

    // ------------------------------------------------------------------ read

    /// @inheritdoc IWillRegistry
    function manifestOf(WillId id, uint16 version) external view returns (address pointer) {
        pointer = SSTORE2.predictDeterministicAddress(_manifestSalt(id, version));
        if (pointer.code.length == 0) pointer = address(0);
    }

    // ------------------------------------------------------------------ write

    /// @inheritdoc IWillRegistry
    function create(
        uint96 number,
        WillTerms calldata terms,
        bytes29 manifestRoot,
        bytes calldata manifest,
        bool durable
    ) external returns (WillId id) {
        id = WillId.wrap(bytes32((uint256(uint160(msg.sender)) << 96) | number));
        if (_lives[id].version != 0 || _seals[id].word.stage() != ALIVE) revert WillExists(id);
        _seal(id, 1, 0, terms, manifestRoot);
        emit WillSealed(id, 1, manifestRoot, terms, manifest);
        if (durable) _store(id, 1, manifest);
    }

    /// @inheritdoc IWillRegistry
    function supersede(
        WillId id,
        WillTerms calldata terms,
        bytes29 manifestRoot,
        bytes calldata manifest,
        bool durable
    ) external {
        _requireTestator(id);
        _requireUnclaimed(id);
        uint16 version = _lives[id].version + 1;
        _seal(id, version, _lives[id].claims, terms, manifestRoot);
        emit WillSealed(id, version, manifestRoot, terms, manifest);
        if (durable) _store(id, version, manifest);
    }

    /// @inheritdoc IWillRegistry
    function revoke(WillId id) external {
        _requireTestator(id);
        _requireUnclaimed(id);
        uint16 version = _lives[id].version;
        delete _lives[id];
        _enter(id, WillState.Revoked);
        emit WillRevoked(id, version);
    }

    /// @inheritdoc IWillRegistry
    function heartbeat(WillId id) external {
        _requireTestator(id);
        Life storage life = _lives[id];
        if (life.version == 0) revert WillStateWrong(id, stateOf(id));
        if (life.windowEnd != 0) {
            _vetoClaim(id);
            return;
        }
        if (block.timestamp <= life.lastBeat) revert WillBeatNotLater(id, uint40(block.timestamp), life.lastBeat);
        life.lastBeat = uint40(block.timestamp);
        emit WillHeartbeat(id, uint40(block.timestamp));
    }

    /// @inheritdoc IWillRegistry
    function heartbeats(WillBeat[] calldata beats) external {
        for (uint256 i = 0; i < beats.length; ++i) {
            WillBeat calldata beat = beats[i];
            (WillId id, uint40 beatAt) = (beat.id, beat.beatAt);
            Life storage life = _lives[id];
            bool fits =
                life.version != 0 &&
                    life.windowEnd == 0 &&
                    beatAt > life.lastBeat &&
                    beatAt <= block.timestamp + MAX_CLOCK_SKEW &&
                    WillSignatures.isValid(_testator(id), _beatDigest(id, beatAt), beat.signature);
            if (fits) {
                life.lastBeat = beatAt;
                emit WillHeartbeat(id, beatAt);
            } else {
                emit WillHeartbeatSkipped(id, beatAt);
            }
        }
    }

    /// @inheritdoc IWillRegistry
    function accept(
        WillId id,
        WillHeir[] calldata heirs,
        WillAcceptance[] calldata acceptances,
        bytes[] calldata contractSignatures,
        bytes32[] calldata proof
    ) external {
        _requireUnclaimed(id);
        Life storage life = _lives[id];
        if (acceptances.length != heirs.length) revert WillListLengthWrong(acceptances.length, heirs.length);
        if (heirs.length != life.heirs) revert WillListLengthWrong(heirs.length, life.heirs);
        _requireInManifest(id, WillLeaf.heirs(heirs), proof);

        uint16 version = life.version;
        uint16 before = life.accepted;
        uint16 accepted = before | _collect(id, heirs, acceptances, contractSignatures);
        if (accepted == before) revert WillNothingToAccept(id);
        uint8 flags = life.flags;
        bool activates = flags & FLAG_ACTIVE == 0 && _ones(accepted) >= life.acceptances;
        (life.accepted, life.flags) = (accepted, activates ? flags | FLAG_ACTIVE : flags);
        emit WillAccepted(id, version, accepted);
        if (activates) emit WillActivated(id, version);
    }

    // ------------------------------------------------------------------ digests

    /// @dev What the testator signs for a relayed heartbeat.
    function _beatDigest(WillId id, uint40 beatAt) private view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(BEAT_TYPEHASH, id, beatAt)));
    }

    // ------------------------------------------------------------------ internal

    /// @dev The bitmap of who accepts in this batch.
    function _collect(
        WillId id,
        WillHeir[] calldata heirs,
        WillAcceptance[] calldata acceptances,
        bytes[] calldata contractSignatures
    ) private view returns (uint16 accepted) {
        Batch memory batch = _batch(id);
        for (uint256 i = 0; i < heirs.length; ++i) {
            WillAcceptance calldata acceptance = acceptances[i];
            if (acceptance.shareR == 0) continue;
            unchecked {
                batch.message[4] = bytes32(i + 1);
            }
            _requireAcceptance(batch, heirs[i], acceptance, contractSignatures);
            accepted |= uint16(1 << i);
        }
    }

    function _batch(WillId id) private view returns (Batch memory batch) {
        batch.domain = _domainSeparatorV4();
        bytes32[6] memory message = batch.message;
        message[0] = ACCEPTANCE_TYPEHASH;
        message[1] = WillId.unwrap(id);
        message[2] = bytes32(uint256(_lives[id].version));
        message[3] = bytes32(_seals[id].word.root());
    }

    /// @dev The wallet agrees, and whoever agrees holds the very share the manifest names.
    function _requireAcceptance(
        Batch memory batch,
        WillHeir calldata heir,
        WillAcceptance calldata acceptance,
        bytes[] calldata contractSignatures
    ) private view {
        (address named, address committed) = (heir.wallet, heir.share);
        batch.message[5] = bytes32(uint256(uint160(named)));
        bytes32 digest = WillSignatures.digestOf(batch.domain, batch.message);
        (address wallet, address share) = WillSignatures.signersOf(digest, acceptance);
        if (wallet == address(0) || wallet != named) {
            bool agrees =
                acceptance.walletR == 0 &&
                    batch.contracts < contractSignatures.length &&
                    WillSignatures.isValid(named, digest, contractSignatures[batch.contracts++]);
            if (!agrees) revert WillSignatureInvalid(WillId.wrap(batch.message[1]), named);
        }
        if (share == address(0) || share != committed)
            revert WillShareSignatureInvalid(WillId.wrap(batch.message[1]), committed);
    }

    /// @dev What a sign of life does to a claim; see WillDeath.
    function _vetoClaim(WillId id) internal virtual;

    function _requireUnclaimed(WillId id) internal view {
        Life storage life = _lives[id];
        if (life.version == 0 || life.windowEnd != 0) revert WillStateWrong(id, stateOf(id));
    }

    function _seal(WillId id, uint16 version, uint16 claims, WillTerms calldata terms, bytes29 root) private {
        if (!_isValid(terms)) revert WillTermsInvalid(id);
        if (root == 0) revert WillRootMissing();
        _lives[id] = Life({
            lastBeat: _latest(_lives[id].lastBeat),
            windowEnd: 0,
            version: version,
            accepted: 0,
            leaked: 0,
            extended: 0,
            claims: claims,
            intervalDays: terms.intervalDays,
            quorumWindowDays: terms.quorumWindowDays,
            overdueWindowDays: terms.overdueWindowDays,
            heirs: terms.heirs,
            acceptances: terms.acceptances,
            guardians: terms.guardians,
            threshold: terms.threshold,
            registrars: terms.registrars,
            flags: (terms.escrow ? FLAG_ESCROW : 0) | (terms.refusalCounts ? FLAG_REFUSAL : 0)
        });
        _seals[id].word = WillSeal.sealed_(root);
    }

    function _isValid(WillTerms calldata terms) private pure returns (bool) {
        return
            terms.intervalDays >= MIN_INTERVAL_DAYS &&
            terms.intervalDays <= MAX_DAYS &&
            terms.quorumWindowDays >= MIN_QUORUM_WINDOW_DAYS &&
            terms.quorumWindowDays <= MAX_DAYS &&
            terms.overdueWindowDays >= MIN_OVERDUE_WINDOW_DAYS &&
            terms.overdueWindowDays <= MAX_DAYS &&
            terms.heirs >= 1 &&
            terms.heirs <= MAX_PEOPLE &&
            terms.acceptances >= 1 &&
            terms.acceptances <= terms.heirs &&
            terms.guardians >= 1 &&
            terms.guardians <= MAX_PEOPLE &&
            terms.threshold >= 1 &&
            terms.threshold <= terms.guardians &&
            terms.registrars >= 2 &&
            terms.registrars <= MAX_REGISTRARS &&
            (terms.heirs > 1 || !terms.escrow) &&
            (terms.escrow || !terms.refusalCounts);
    }

    /// @dev Keeps the manifest as a contract's code, at an address that follows from the id and the version.
    function _store(WillId id, uint16 version, bytes calldata manifest) private {
        emit WillManifestStored(id, version, SSTORE2.writeDeterministic(manifest, _manifestSalt(id, version)));
    }

    function _manifestSalt(WillId id, uint16 version) private pure returns (bytes32) {
        return keccak256(abi.encode(id, version));
    }

    /// @dev The last sign of life never moves back, even when a signed beat ran a little ahead of the chain's clock.
    function _latest(uint40 lastBeat) internal view returns (uint40) {
        uint40 current = uint40(block.timestamp);
        return current > lastBeat ? current : lastBeat;
    }

    function _ones(uint256 bitmap) internal pure returns (uint256 ones) {
        for (; bitmap != 0; bitmap &= bitmap - 1) ++ones;
    }
}
