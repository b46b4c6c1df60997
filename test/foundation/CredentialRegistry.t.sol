// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {CredentialRegistry} from "../../contracts/foundation/CredentialRegistry.sol";
import {CredentialType} from "../../contracts/foundation/interfaces/ICredentialReader.sol";
import {
    AuthorityId,
    Credential,
    CredentialGrant,
    GrantId,
    ICredentialRegistry
} from "../../contracts/foundation/interfaces/ICredentialRegistry.sol";
import {AuthoritySlot, CredentialSlot, CredentialSlots} from "../../contracts/foundation/libraries/CredentialSlots.sol";
import {Test} from "../utils/Test.sol";

// Invariants of the credential registry, in plain words. A ghost copy of the register is kept by the handler, which calls
// the registry with random actors, types, times and ids and works out by itself what must happen.
//
//  1. A credential is valid exactly when the register's last act on it left it granted and not suspended, and the time
//     lies in [from, until).
//  2. Nobody acts for a type without a standing authority over that very type: an act by anyone else changes nothing.
//  3. No grant id is ever given twice, and each carries the number of an authority over its type held by who granted it.
//  4. A suspension ends only by the hand of the authority that suspended, one above it or a root.
//  5. A revoked grant never comes back: no slot ever holds its id again.
//  6. An authority whose ancestor ended does not stand; depth falls strictly from each parent to its child.
//  7. Running numbers and signing epochs never fall.

/// @dev Knows the tree and the register twice: in the registry, and here in plain mappings.
contract CredentialHandler is Test {
    struct Ghost {
        bool exists;
        bool suspended;
        uint40 from;
        uint40 until;
        uint64 id;
        uint256 keeper; // ghost node
        uint64 attributes;
    }

    struct Node {
        address holder;
        uint256 credentialType;
        uint256 parent; // 0 at the root
        uint8 depth;
        bool ended;
    }

    uint256 public constant ACTORS = 6;
    uint256 public constant SUBJECTS = 3;
    uint256 public constant TYPES = 2;

    CredentialRegistry public immutable registry;
    Node[] public nodes;
    mapping(uint256 credentialType => mapping(address holder => uint256)) public nodeOf;
    mapping(uint256 credentialType => mapping(address subject => Ghost)) public ghosts;
    mapping(uint64 id => bool) public given;
    mapping(uint64 id => bool) public revoked;
    mapping(uint256 credentialType => mapping(address holder => uint32)) public highestEpoch;
    bool public broken;
    uint256 public refused;

    constructor() {
        nodes.push();
        AccessManager manager = new AccessManager(address(this));
        registry = new CredentialRegistry(address(manager));
    }

    // ------------------------------------------------------------ acts

    function appoint(uint256 t, uint256 a, uint8 depth) external {
        (t, depth) = (t % TYPES, depth % 5);
        address holder = actor(a);
        bool expected = !stands(nodeOf[t][holder]);
        try registry.appoint(typeOf(t), holder, depth) returns (AuthorityId id) {
            expect(expected, true);
            seat(t, holder, 0, depth, AuthorityId.unwrap(id));
        } catch {
            expect(expected, false);
        }
    }

    function delegate(uint256 t, uint256 a, uint256 b, uint8 depth) external {
        (t, depth) = (t % TYPES, depth % 5);
        (address by, address holder) = (actor(a), actor(b));
        uint256 parent = nodeOf[t][by];
        bool expected = stands(parent) && depth < nodes[parent].depth && !stands(nodeOf[t][holder]);
        vm.prank(by);
        try registry.delegate(typeOf(t), holder, depth) returns (AuthorityId id) {
            expect(expected, true);
            seat(t, holder, parent, depth, AuthorityId.unwrap(id));
        } catch {
            expect(expected, false);
        }
    }

    function end(uint256 t, uint256 a, uint256 b, bool byManager) external {
        t = t % TYPES;
        (address by, address holder) = (actor(a), actor(b));
        uint256 node = nodeOf[t][holder];
        bool expected = node != 0;
        if (!byManager) {
            expected = expected && stands(nodeOf[t][by]) && atOrBelow(node, nodeOf[t][by]);
            vm.prank(by);
            try registry.withdraw(typeOf(t), holder) {
                expect(expected, true);
                unseat(t, holder);
            } catch {
                expect(expected, false);
            }
            return;
        }
        try registry.dismiss(typeOf(t), holder) {
            expect(expected, true);
            unseat(t, holder);
        } catch {
            expect(expected, false);
        }
    }

    function grant(uint256 t, uint256 a, uint256 s, uint40 start, uint40 length, uint64 attributes) external {
        uint40 from = uint40(bound(start, block.timestamp - 10, block.timestamp + 50));
        grantAs(t % TYPES, actor(a), subject(s), from, from + (length % 100), attributes);
    }

    function grantAs(uint256 t, address by, address who, uint40 from, uint40 until, uint64 attributes) private {
        uint256 node = nodeOf[t][by];
        bool expected = stands(node) && isFree(ghosts[t][who], node) && until > from && until > block.timestamp;
        vm.prank(by);
        try registry.grant(typeOf(t), who, from, until, attributes) returns (GrantId grantId) {
            expect(expected, true);
            noteGrant(GrantId.unwrap(grantId), by);
            ghosts[t][who] = Ghost(true, false, from, until, GrantId.unwrap(grantId), node, attributes);
        } catch {
            expect(expected, false);
        }
    }

    function isFree(Ghost storage ghost, uint256 node) private view returns (bool) {
        if (!ghost.exists) return true;
        return !ghost.suspended && (ghost.until <= block.timestamp || decides(node, ghost.keeper));
    }

    function noteGrant(uint64 id, address by) private {
        if (given[id] || registry.holderOf(AuthorityId.wrap(uint32(id >> 32))) != by) broken = true;
        given[id] = true;
    }

    function suspend(uint256 t, uint256 a, uint256 s, bool staleId) external {
        t = t % TYPES;
        (address by, address who) = (actor(a), subject(s));
        Ghost storage ghost = ghosts[t][who];
        bool expected = mayDecide(t, by, ghost) && !ghost.suspended && !staleId;
        vm.prank(by);
        try registry.suspend(GrantId.wrap(staleId ? ghost.id + 1 : ghost.id), who, typeOf(t)) {
            expect(expected, true);
            ghost.suspended = true;
            ghost.keeper = nodeOf[t][by];
        } catch {
            expect(expected, false);
        }
    }

    function restore(uint256 t, uint256 a, uint256 s) external {
        t = t % TYPES;
        (address by, address who) = (actor(a), subject(s));
        Ghost storage ghost = ghosts[t][who];
        bool expected = mayDecide(t, by, ghost) && ghost.suspended;
        vm.prank(by);
        try registry.restore(GrantId.wrap(ghost.id), who, typeOf(t)) {
            expect(expected, true);
            ghost.suspended = false;
        } catch {
            expect(expected, false);
        }
    }

    function revoke(uint256 t, uint256 a, uint256 s, bool staleId) external {
        t = t % TYPES;
        (address by, address who) = (actor(a), subject(s));
        Ghost storage ghost = ghosts[t][who];
        bool expected = mayDecide(t, by, ghost) && !staleId;
        vm.prank(by);
        try registry.revoke(GrantId.wrap(staleId ? ghost.id + 1 : ghost.id), who, typeOf(t)) {
            expect(expected, true);
            revoked[ghost.id] = true;
            delete ghosts[t][who];
        } catch {
            expect(expected, false);
        }
    }

    function cancelSignedGrants(uint256 t, uint256 a) external {
        t = t % TYPES;
        vm.prank(actor(a));
        registry.cancelSignedGrants(typeOf(t));
        noteEpoch(t, actor(a));
    }

    function pass(uint16 time) external {
        vm.warp(block.timestamp + (time % 30));
    }

    // ------------------------------------------------------------ what must be

    function actor(uint256 a) public pure returns (address) {
        return address(uint160(0xA000 + (a % ACTORS)));
    }

    function subject(uint256 s) public pure returns (address) {
        return address(uint160(0x5000 + (s % SUBJECTS)));
    }

    function typeOf(uint256 t) public pure returns (CredentialType) {
        return CredentialType.wrap(bytes32(t + 1));
    }

    function ghostOf(uint256 t, address who) external view returns (Ghost memory) {
        return ghosts[t][who];
    }

    function nodeAt(uint256 node) external view returns (Node memory) {
        return nodes[node];
    }

    function nodeCount() external view returns (uint256) {
        return nodes.length;
    }

    function stands(uint256 node) public view returns (bool) {
        if (node == 0) return false;
        for (; node != 0; node = nodes[node].parent) if (nodes[node].ended) return false;
        return true;
    }

    function atOrBelow(uint256 node, uint256 above) public view returns (bool) {
        for (; node != 0; node = nodes[node].parent) if (node == above) return true;
        return false;
    }

    function decides(uint256 node, uint256 keeper) public view returns (bool) {
        return nodes[node].parent == 0 || atOrBelow(keeper, node);
    }

    function mayDecide(uint256 t, address by, Ghost storage ghost) private view returns (bool) {
        return ghost.exists && stands(nodeOf[t][by]) && decides(nodeOf[t][by], ghost.keeper);
    }

    function expect(bool expected, bool happened) private {
        if (expected != happened) broken = true;
        if (!happened) refused++;
    }

    function seat(uint256 t, address holder, uint256 parent, uint8 depth, uint32 id) private {
        if (nodeOf[t][holder] != 0) nodes[nodeOf[t][holder]].ended = true;
        nodes.push(Node(holder, t, parent, depth, false));
        nodeOf[t][holder] = nodes.length - 1;
        if (id != nodes.length - 1) broken = true;
        noteEpoch(t, holder);
    }

    function unseat(uint256 t, address holder) private {
        nodes[nodeOf[t][holder]].ended = true;
        nodeOf[t][holder] = 0;
        uint32 before = highestEpoch[t][holder];
        noteEpoch(t, holder);
        if (highestEpoch[t][holder] <= before) broken = true;
    }

    function noteEpoch(uint256 t, address holder) private {
        uint32 epoch = registry.signingEpochOf(typeOf(t), holder);
        if (epoch < highestEpoch[t][holder]) broken = true;
        highestEpoch[t][holder] = epoch;
    }
}

contract CredentialRegistryInvariants is Test {
    CredentialHandler private handler;
    CredentialRegistry private registry;

    function setUp() public {
        vm.warp(1_000_000);
        handler = new CredentialHandler();
        registry = handler.registry();
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = CredentialHandler.appoint.selector;
        selectors[1] = CredentialHandler.delegate.selector;
        selectors[2] = CredentialHandler.end.selector;
        selectors[3] = CredentialHandler.grant.selector;
        selectors[4] = CredentialHandler.suspend.selector;
        selectors[5] = CredentialHandler.restore.selector;
        selectors[6] = CredentialHandler.revoke.selector;
        selectors[7] = CredentialHandler.cancelSignedGrants.selector;
        selectors[8] = CredentialHandler.pass.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
        for (uint256 t = 0; t < handler.TYPES(); ++t) {
            handler.appoint(t, 0, 3);
            handler.delegate(t, 0, 1, 2);
        }
    }

    /// @dev Invariant 1; the whole slot equals the ghost's.
    function invariant_validExactlyAsTheRegisterSays() public view {
        for (uint256 t = 0; t < handler.TYPES(); ++t) {
            for (uint256 s = 0; s < handler.SUBJECTS(); ++s) {
                address who = handler.subject(s);
                CredentialHandler.Ghost memory ghost = handler.ghostOf(t, who);
                Credential memory slot = registry.getCredential(handler.typeOf(t), who);
                assertEq(uint256(GrantId.unwrap(slot.id)), uint256(ghost.id), "id");
                assertEq(uint256(slot.from), uint256(ghost.from), "from");
                assertEq(uint256(slot.until), uint256(ghost.until), "until");
                assertEq(uint256(slot.attributes), uint256(ghost.attributes), "attributes");
                assertEq(uint256(AuthorityId.unwrap(slot.keeper)), ghost.keeper, "keeper");
                assertEq(slot.suspended, ghost.suspended, "suspended");
                bool valid =
                    ghost.exists && !ghost.suspended && block.timestamp >= ghost.from && block.timestamp < ghost.until;
                assertEq(registry.isValid(handler.typeOf(t), who), valid, "valid");
            }
        }
    }

    /// @dev Invariants 2, 3, 4 and 7: each act happened exactly when the model allows it.
    function invariant_everyActHappenedExactlyWhenAllowed() public view {
        assertFalse(handler.broken(), "the registry and the model differ");
    }

    /// @dev Invariant 5.
    function invariant_revokedGrantsNeverComeBack() public view {
        for (uint256 t = 0; t < handler.TYPES(); ++t) {
            for (uint256 s = 0; s < handler.SUBJECTS(); ++s) {
                GrantId id = registry.getCredential(handler.typeOf(t), handler.subject(s)).id;
                assertFalse(handler.revoked(GrantId.unwrap(id)), "a revoked id is held");
            }
        }
    }

    /// @dev Invariant 6.
    function invariant_authoritiesStandOnlyUnderStandingOnes() public view {
        for (uint256 t = 0; t < handler.TYPES(); ++t) {
            for (uint256 a = 0; a < handler.ACTORS(); ++a) {
                address holder = handler.actor(a);
                uint256 node = handler.nodeOf(t, holder);
                (AuthorityId id, AuthorityId parent, uint8 depth, bool standing) = registry.authorityOf(
                    handler.typeOf(t),
                    holder
                );
                assertEq(uint256(AuthorityId.unwrap(id)), node, "id");
                assertEq(standing, handler.stands(node), "standing");
                if (AuthorityId.unwrap(parent) != 0) {
                    assertLt(depth, handler.nodeAt(AuthorityId.unwrap(parent)).depth, "depth falls");
                }
            }
        }
    }
}

contract CredentialRegistryFuzz is Test {
    uint256 private constant SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    CredentialType private constant TYPE = CredentialType.wrap(bytes32("type"));
    address private constant ISSUER = address(0x155);
    CredentialRegistry private registry;

    function setUp() public {
        vm.warp(1_000_000);
        registry = new CredentialRegistry(address(new AccessManager(address(this))));
        registry.appoint(TYPE, ISSUER, 0);
    }

    function testFuzz_validExactlyInItsInterval(uint40 from, uint40 until, uint40 time, uint64 attributes) external {
        until = uint40(bound(until, block.timestamp + 1, type(uint40).max));
        from = uint40(bound(from, 0, until - 1));
        vm.prank(ISSUER);
        registry.grant(TYPE, address(7), from, until, attributes);
        uint40[5] memory times = [time, from, until, from == 0 ? 0 : from - 1, until - 1];
        for (uint256 i = 0; i < times.length; ++i) {
            vm.warp(times[i]);
            bool inside = times[i] >= from && times[i] < until;
            (bool valid, uint64 word) = registry.attributesOf(TYPE, address(7));
            assertEq(registry.isValid(TYPE, address(7)), inside, "valid");
            assertEq(valid, inside, "valid with attributes");
            assertEq(uint256(word), inside ? attributes : 0, "attributes");
        }
    }

    function testFuzz_wordsComeBackAsPacked(
        uint64 attributes,
        uint40 from,
        uint40 until,
        uint64 id,
        uint32 keeper
    ) external pure {
        CredentialSlot slot = CredentialSlots.packCredential(attributes, from, until, GrantId.wrap(id));
        assertCredential(slot.unpack(), attributes, from, until, id, uint32(id >> 32), false);
        assertTrue(slot.keptByGrantor(GrantId.wrap(id)), "kept by who granted it");
        slot = slot.suspendedBy(keeper);
        assertCredential(slot.unpack(), attributes, from, until, id, keeper, true);
        assertFalse(slot.keptByGrantor(GrantId.wrap(id)), "not while suspended");
        slot = slot.restored();
        assertCredential(slot.unpack(), attributes, from, until, id, keeper, false);
        assertEq(slot.keptByGrantor(GrantId.wrap(id)), keeper == uint32(id >> 32), "kept by who granted it again");
    }

    function testFuzz_onlyAStandingRootIsOneOf(
        address holder,
        address other,
        uint32 parent,
        uint8 depth
    ) external pure {
        AuthoritySlot slot = CredentialSlots.packAuthority(holder, parent, depth);
        assertEq(slot.holder(), holder, "holder");
        assertEq(uint256(slot.parent()), uint256(parent), "parent");
        assertEq(uint256(slot.depth()), uint256(depth), "depth");
        assertFalse(slot.ended(), "stands");
        assertEq(slot.isStandingRootOf(holder), parent == 0, "a root");
        assertEq(slot.isStandingRootOf(other), parent == 0 && other == holder, "of its holder");
        assertTrue(slot.asEnded().ended(), "ended");
        assertFalse(slot.asEnded().isStandingRootOf(holder), "an ended one");
    }

    function testFuzz_signedGrantNeedsItsVeryWords(uint256 key, uint256 change, uint64 attributes) external {
        key = bound(key, 1, SECP256K1_N - 1);
        registry.appoint(TYPE, vm.addr(key), 0);
        CredentialGrant memory signed = CredentialGrant({
            credentialType: TYPE,
            subject: address(7),
            from: 0,
            until: 2_000_000,
            attributes: attributes,
            issuer: vm.addr(key),
            epoch: 0,
            channel: 1,
            nonce: 0,
            deadline: 1_500_000
        });
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, registry.grantDigest(signed));
        bytes memory signature = abi.encodePacked(r, s, v);
        uint64 changed = attributes ^ uint64(bound(change, 1, type(uint64).max));
        signed.attributes = changed;
        vm.expectRevert(abi.encodeWithSelector(ICredentialRegistry.CredentialSignatureInvalid.selector, signed.issuer));
        registry.grantBySignature(signed, signature);
        signed.attributes = attributes;
        registry.grantBySignature(signed, signature);
        assertTrue(registry.isValid(TYPE, address(7)), "granted");
        vm.expectRevert(
            abi.encodeWithSelector(ICredentialRegistry.CredentialNonceInvalid.selector, signed.issuer, 1, 1)
        );
        registry.grantBySignature(signed, signature);
    }

    function assertCredential(
        Credential memory credential,
        uint64 attributes,
        uint40 from,
        uint40 until,
        uint64 id,
        uint32 keeper,
        bool suspended
    ) private pure {
        assertEq(uint256(credential.attributes), uint256(attributes), "attributes");
        assertEq(uint256(credential.from), uint256(from), "from");
        assertEq(uint256(credential.until), uint256(until), "until");
        assertEq(uint256(GrantId.unwrap(credential.id)), uint256(id), "id");
        assertEq(uint256(AuthorityId.unwrap(credential.keeper)), uint256(keeper), "keeper");
        assertEq(credential.suspended, suspended, "suspended");
    }
}
